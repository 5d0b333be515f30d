package adit.istiod.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.Lifetimes;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.gateway.WaypointObjects;
import adit.istiod.testing.FakeSource;
import adit.istiod.testing.Logged;
import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.testkit.Eventually;
import adit.testkit.kube.ApiServer;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a control plane does to its cluster, against an API server over HTTP.
@Timeout(120)
final class ClusterTest {
  private static final String SYSTEM = "istio-system";
  private static final String WEBHOOKS = "admissionregistration.k8s.io/v1";
  private static final String CONFIGURATIONS = "validatingwebhookconfigurations";
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Leadership.Times QUICK =
      new Leadership.Times(
          Duration.ofMillis(1500), Duration.ofMillis(1000), Duration.ofMillis(100));

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private ApiServer server;
  private KubernetesClient client;
  private Logged logged;

  @BeforeEach
  void start() throws IOException {
    server = open(new ApiServer());
    server
        .know("v1", "namespaces", "secrets", "configmaps")
        .know("coordination.k8s.io/v1", "leases")
        .know(WEBHOOKS, CONFIGURATIONS);
    server.put(
        "v1",
        "namespaces",
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
            + "\"metadata\":{\"name\":\"istio-system\",\"uid\":\"own-uid\"}}");
    client = open(client());
    logged = open(new Logged());
  }

  @AfterEach
  void stop() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  private <T extends AutoCloseable> T open(T closeable) {
    opened.push(closeable);
    return closeable;
  }

  private KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl(server.url())
                .withRequestRetryBackoffLimit(0)
                .withWatchReconnectInterval(100)
                .build())
        .build();
  }

  // The root.

  private CertificateAuthority authority() throws IOException {
    return CertificateAuthority.openOrCreate(
        new RootSecret(client, SYSTEM, logged.log()),
        "cluster.local",
        Lifetimes.DEFAULT,
        Clock.systemUTC());
  }

  private @Nullable JsonNode secret() {
    return server.objectOrNull("v1", "secrets", SYSTEM, "istio-ca-secret");
  }

  private static String data(JsonNode secret, String key) {
    return new String(
        Base64.getDecoder().decode(secret.path("data").path(key).asText()), StandardCharsets.UTF_8);
  }

  @Test
  void root_isKeptUnderIstiosNamesAndFoundAgain() throws Exception {
    List<X509Certificate> roots = authority().roots();

    JsonNode secret = requireNonNull(secret());
    assertThat(secret.path("type").asText()).isEqualTo("istio.io/ca-root");
    assertThat(data(secret, "ca-cert.pem")).isEqualTo(data(secret, "root-cert.pem"));
    assertThat(data(secret, "ca-key.pem")).startsWith("-----BEGIN PRIVATE KEY-----");
    assertThat(authority().roots()).isEqualTo(roots);
  }

  @Test
  void replicasThatStartTogether_agreeOnOneRoot() throws Exception {
    List<Callable<List<X509Certificate>>> starts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      starts.add(() -> authority().roots());
    }
    try (ExecutorService replicas = Executors.newVirtualThreadPerTaskExecutor()) {
      List<List<X509Certificate>> roots = new ArrayList<>();
      for (Future<List<X509Certificate>> replica : replicas.invokeAll(starts)) {
        roots.add(replica.get());
      }
      assertThat(roots).hasSize(8).containsOnly(roots.getFirst());
    }
  }

  @Test
  void secretThatIsDeleted_isWrittenAgainWithTheSameRoot() throws Exception {
    CertificateAuthority authority = authority();
    String before = data(requireNonNull(secret()), "ca-cert.pem");
    server.delete("v1", "secrets", SYSTEM, "istio-ca-secret");

    assertThat(authority.refresh()).isFalse();

    assertThat(data(requireNonNull(secret()), "ca-cert.pem")).isEqualTo(before);
  }

  @Test
  void rootsThatAReplicaReplaced_areTakenOver() throws Exception {
    CertificateAuthority one = authority();
    CertificateAuthority other = authority();

    one.trustNewRoot();
    assertThat(other.refresh()).isTrue();
    assertThat(other.roots()).isEqualTo(one.roots()).hasSize(2);
    one.signWithNewRoot();
    assertThat(other.refresh()).isTrue();
    assertThat(other.signingCertificate()).isEqualTo(one.signingCertificate());
    one.dropOldRoots();
    assertThat(other.refresh()).isTrue();
    assertThat(other.roots()).isEqualTo(one.roots()).hasSize(1);
    assertThat(requireNonNull(secret()).path("data").has("adit-waiting-roots.pem")).isFalse();
  }

  @Test
  void secretThatIsBroken_isSaidAndNeverOverwritten() throws Exception {
    server.put(
        "v1",
        "secrets",
        "{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
            + "\"metadata\":{\"name\":\"istio-ca-secret\",\"namespace\":\"istio-system\"},"
            + "\"data\":{\"ca-cert.pem\":\"AAAA\"}}");

    assertThatThrownBy(this::authority)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("istio-system/istio-ca-secret")
        .hasMessageContaining("ca-key.pem");
    assertThat(requireNonNull(secret()).path("data").path("ca-cert.pem").asText())
        .isEqualTo("AAAA");
  }

  // The duties.

  private ClusterDuties duties(FakeSource source, AtomicReference<String> roots, boolean leads) {
    return open(
        new ClusterDuties(
            client, SYSTEM, source, roots::get, waypoints(), () -> leads, logged.log()));
  }

  private static ClusterDuties.Waypoints waypoints() {
    return new ClusterDuties.Waypoints(
        new MeshGateways("default", "cluster.local"),
        new WaypointObjects(
            new WaypointObjects.Settings("i", "Always", "istiod", "default", "c", "d", "t")),
        _ -> {});
  }

  private static Namespace namespace(String name) {
    return new Namespace(
        new ObjectMeta(
            "", name, "u-" + name, 1, Map.of(), Map.of(), Instant.EPOCH, null, "", List.of()));
  }

  private void hasRoots(String namespace, @Nullable String roots) throws Exception {
    Eventually.holds(
        namespace + " has " + roots,
        LONG,
        () -> {
          JsonNode map = server.objectOrNull("v1", "configmaps", namespace, "istio-ca-root-cert");
          String there = map == null ? null : map.path("data").path("root-cert.pem").asText();
          return roots == null ? there == null : roots.equals(there);
        });
  }

  @Test
  void rootCertificates_areInEveryNamespaceAndRepaired() throws Exception {
    AtomicReference<String> roots = new AtomicReference<>("first");
    FakeSource source = new FakeSource();
    ClusterDuties duties = duties(source, roots, true);
    source.show(
        ClusterView.of(
            1, List.of(namespace("shop"), namespace("kube-system"), namespace("kube-public"))));
    hasRoots("shop", "first");
    hasRoots("kube-system", "first");

    server.delete("v1", "configmaps", "shop", "istio-ca-root-cert");
    hasRoots("shop", "first");
    server.put(
        "v1",
        "configmaps",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
            + "\"metadata\":{\"name\":\"istio-ca-root-cert\",\"namespace\":\"shop\"},"
            + "\"data\":{\"root-cert.pem\":\"somebody's\"}}");
    hasRoots("shop", "first");
    source.show(ClusterView.of(2, List.of(namespace("shop"), namespace("new"))));
    hasRoots("new", "first");
    roots.set("second");
    duties.look();
    hasRoots("shop", "second");
    hasRoots("new", "second");
    hasRoots("kube-public", null);
  }

  @Test
  void rootCertificates_areWrittenWhenTheApiServerIsBack() throws Exception {
    FakeSource source = new FakeSource();
    ClusterDuties duties = duties(source, new AtomicReference<>("roots"), true);
    source.show(ClusterView.of(1, List.of(namespace("first"))));
    hasRoots("first", "roots");
    server.forbid("configmaps");
    source.show(ClusterView.of(2, List.of(namespace("shop"))));
    duties.look();
    Eventually.holds("said", LONG, () -> logged.text().contains("root certificates not written"));

    server.allow("configmaps");

    hasRoots("shop", "roots");
  }

  @Test
  void rootCertificates_areNotWrittenUntilItIsKnownWhatIsThere() throws Exception {
    server.put(
        "v1",
        "configmaps",
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
            + "\"metadata\":{\"name\":\"istio-ca-root-cert\",\"namespace\":\"shop\"},"
            + "\"data\":{\"root-cert.pem\":\"roots\"}}");
    server.forbid("configmaps");
    FakeSource source = new FakeSource();
    ClusterDuties duties = duties(source, new AtomicReference<>("roots"), true);
    source.show(ClusterView.of(1, List.of(namespace("shop"))));
    duties.look();
    Eventually.holds(
        "said", LONG, () -> logged.text().contains("copies of the roots cannot be listed"));
    assertThat(logged.text()).doesNotContain("root certificates not written");
    server.allow("configmaps");
    source.show(ClusterView.of(2, List.of(namespace("shop"), namespace("new"))));

    hasRoots("new", "roots");

    assertThat(server.writes()).allMatch(write -> write.uri().contains("/namespaces/new/"));
  }

  @Test
  void replicaThatDoesNotLead_writesNothing() throws Exception {
    FakeSource source = new FakeSource();
    AtomicBoolean leads = new AtomicBoolean();
    AtomicReference<String> asked = new AtomicReference<>("");
    ClusterDuties duties =
        open(
            new ClusterDuties(
                client,
                SYSTEM,
                source,
                () -> "roots",
                waypoints(),
                () -> {
                  asked.set("asked");
                  return leads.get();
                },
                logged.log()));
    source.show(ClusterView.of(1, List.of(namespace("shop"))));
    Eventually.holds("asked", LONG, () -> asked.get().equals("asked"));
    assertThat(server.writes()).isEmpty();

    leads.set(true);
    duties.look();

    hasRoots("shop", "roots");
  }

  @Test
  void validator_isGivenTheRootsAnOwnerAndFailsClosedFromThenOn() throws Exception {
    String made =
        "{\"apiVersion\":\"admissionregistration.k8s.io/v1\","
            + "\"kind\":\"ValidatingWebhookConfiguration\",\"metadata\":{\"name\":\"adit-validator\"},"
            + "\"webhooks\":[{\"name\":\"validation.adit.io\",\"failurePolicy\":\"Ignore\","
            + "\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"],"
            + "\"clientConfig\":{\"service\":{\"name\":\"istiod\",\"namespace\":\"istio-system\"}}}]}";
    AtomicReference<String> roots = new AtomicReference<>("roots");
    ClusterDuties duties = duties(new FakeSource(), roots, true);
    server.put(WEBHOOKS, CONFIGURATIONS, made);

    isRegistered("roots");
    // As an upgrade of the installation does.
    server.put(WEBHOOKS, CONFIGURATIONS, made);
    isRegistered("roots");
    roots.set("others");
    duties.look();
    isRegistered("others");
  }

  private void isRegistered(String roots) throws Exception {
    String bundle = Base64.getEncoder().encodeToString(roots.getBytes(StandardCharsets.UTF_8));
    Eventually.holds(
        "registered",
        LONG,
        () -> {
          JsonNode now =
              requireNonNull(server.objectOrNull(WEBHOOKS, CONFIGURATIONS, "", "adit-validator"));
          return now.at("/webhooks/0/clientConfig/caBundle").asText().equals(bundle)
              && now.at("/webhooks/0/clientConfig/service/name").asText().equals("istiod")
              && now.at("/webhooks/0/failurePolicy").asText().equals("Fail")
              && now.at("/metadata/ownerReferences/0/uid").asText().equals("own-uid");
        });
  }

  // The leader.

  private Leadership replica(String name) {
    return replica(client, name);
  }

  private Leadership replica(KubernetesClient through, String name) {
    Leadership replica = open(new Leadership(through, SYSTEM, name, QUICK, logged.log()));
    replica.apply(() -> {});
    return replica;
  }

  /// The client, but what is asked before an election begins happens first.
  private KubernetesClient before(Runnable first) {
    return (KubernetesClient)
        Proxy.newProxyInstance(
            ClusterTest.class.getClassLoader(),
            new Class<?>[] {KubernetesClient.class},
            (_, method, arguments) -> {
              if (method.getName().equals("leaderElector")) {
                first.run();
              }
              return method.invoke(client, arguments);
            });
  }

  @Test
  void electionThatCannotBegin_isSaidAndBegunAgain() throws Exception {
    AtomicBoolean failed = new AtomicBoolean();
    Leadership replica =
        replica(
            before(() -> {
              if (!failed.getAndSet(true)) {
                throw new IllegalStateException("not now");
              }
            }),
            "a");

    Eventually.holds("leads", LONG, replica::leads);

    assertThat(logged.text()).contains("cannot apply for the lease yet", "not now");
  }

  @Test
  void electionThatBeginsDuringClose_isEnded() throws Exception {
    CountDownLatch beginning = new CountDownLatch(1);
    AtomicBoolean closed = new AtomicBoolean();
    Leadership replica =
        replica(
            before(() -> {
              beginning.countDown();
              // Closing interrupts: that must not keep the election from beginning.
              while (!closed.get()) {
                LockSupport.parkNanos(1_000_000);
                var _ = Thread.interrupted();
              }
            }),
            "a");
    assertThat(beginning.await(30, TimeUnit.SECONDS)).isTrue();
    replica.close();
    closed.set(true);

    Leadership other = replica("b");

    Eventually.holds("b leads", LONG, other::leads);
    assertThat(replica.leads()).isFalse();
  }

  @Test
  void ofSeveralReplicas_oneLeadsAndAnotherFollowsIt() throws Exception {
    Leadership first = replica("a");
    Eventually.holds("a leads", LONG, first::leads);
    Leadership second = replica("b");
    Eventually.holds(
        "b applied",
        LONG,
        () -> server.reads().stream().filter(uri -> uri.contains("/leases/")).count() > 4);
    assertThat(second.leads()).isFalse();

    first.close();

    assertThat(first.leads()).isFalse();
    Eventually.holds("b leads", LONG, second::leads);
  }

  @Test
  void leaderThatCannotRenew_stopsWritingAndLeadsAgainLater() throws Exception {
    Leadership only = replica("a");
    Eventually.holds("leads", LONG, only::leads);

    server.goAway();
    Eventually.holds("gave up", LONG, () -> !only.leads());
    server.comeBack();

    Eventually.holds("leads again", LONG, only::leads);
  }
}
