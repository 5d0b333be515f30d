package adit.istiod.app;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.CaClient;
import adit.istiod.testing.FakeSource;
import adit.istiod.testing.Sample;
import adit.model.SpiffeId;
import adit.protos.clientstatus.ClientConfig;
import adit.protos.clientstatus.ConfigStatus;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DiscoveryRequest;
import adit.protos.discovery.DiscoveryResponse;
import adit.source.ClusterView;
import adit.source.SourceEnvironment;
import adit.source.StatusWriter;
import adit.source.TokenReviewer;
import adit.testkit.Eventually;
import adit.testkit.kube.ApiServer;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The whole program but `main`, over real sockets, files and tokens.
@Timeout(120)
final class ControlPlaneTest {
  private static final String FIRST =
      "address [+Kubernetes//Pod/istio-system/ztunnel-n1, "
          + "+Kubernetes//Pod/shop/db, +Kubernetes//Pod/shop/web]";
  private static final String PODS =
      pod("istio-system", "ztunnel-n1", "ztunnel", "n1", "10.0.0.1")
          + pod("shop", "web", "web", "n1", "10.0.0.2")
          + pod("shop", "db", "db", "n2", "10.0.0.3");

  @TempDir private Path directory;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private Deployment deployment;

  @BeforeEach
  void deploy() throws Exception {
    deployment = open(new Deployment(directory));
    deployment.write("pods.yaml", PODS);
    deployment.write("policy.yaml", policy("ALLOW"));
  }

  @AfterEach
  void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  @Test
  void proxy_isToldEverythingAndThenWhatChanges() throws Exception {
    Proxy proxy = proxy(start());

    assertThat(proxy.await("policy")).isEqualTo("policy [+shop/p]");
    assertThat(proxy.await("address")).isEqualTo(FIRST);
    deployment.write("pods.yaml", PODS + pod("shop", "new", "web", "n1", "10.0.0.4"));
    assertThat(proxy.next()).isEqualTo("address [+Kubernetes//Pod/shop/new]");
    deployment.write("pods.yaml", PODS);
    assertThat(proxy.next()).isEqualTo("address [-Kubernetes//Pod/shop/new]");
    deployment.write("policy.yaml", policy("DENY"));
    assertThat(proxy.next()).isEqualTo("policy [+shop/p]");
  }

  @Test
  void brokenPolicy_keepsServingAndIsSaidInLogAndEvent() throws Exception {
    Proxy proxy = proxy(start());
    proxy.await("address");

    deployment.write("policy.yaml", policy("DENI"));

    Eventually.holds(
        "event", Duration.ofSeconds(20), () -> deployment.events().contains("spec.action"));
    assertThat(deployment.log())
        .contains("refused, the last good version stays", "AuthorizationPolicy shop/p");
    // The next thing that the proxy hears is something else.
    deployment.write("pods.yaml", PODS + pod("shop", "new", "web", "n1", "10.0.0.4"));
    assertThat(proxy.next()).isEqualTo("address [+Kubernetes//Pod/shop/new]");
  }

  @Test
  void tool_isToldWhichProxiesAreConnectedAndInSync() throws Exception {
    ControlPlane plane = start();
    Proxy proxy = proxy(plane);
    proxy.await("address");

    Eventually.holds(
        "in sync",
        Duration.ofSeconds(20),
        () -> {
          DiscoveryResponse answer = asked(plane, deployment.token("ztunnel-n1"));
          assertThat(answer.getControlPlane().getIdentifier())
              .contains("\"Component\":\"istiod\"", "\"version\":\"1.31.0\"");
          ClientConfig client = answer.getResources(0).unpack(ClientConfig.class);
          return client.getNode().getId().contains("ztunnel-n1.istio-system")
              && client.getGenericXdsConfigsCount() == 2
              && client.getGenericXdsConfigsList().stream()
                  .allMatch(config -> config.getConfigStatus() == ConfigStatus.SYNCED);
        });
    assertThatThrownBy(() -> asked(plane, null)).hasMessageContaining("UNAUTHENTICATED");
    assertThatThrownBy(() -> asked(plane, deployment.token("shop", "web", "web")))
        .hasMessageContaining("PERMISSION_DENIED")
        .hasMessageContaining("expected: of namespace istio-system");
  }

  private DiscoveryResponse asked(ControlPlane plane, @Nullable String token) throws Exception {
    ManagedChannel channel = Proxy.channel(plane.ports().secure(), deployment.roots(), token);
    CompletableFuture<DiscoveryResponse> answer = new CompletableFuture<>();
    var requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel)
            .streamAggregatedResources(
                new StreamObserver<>() {
                  @Override
                  public void onNext(DiscoveryResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(
        DiscoveryRequest.newBuilder()
            .setTypeUrl("istio.io/debug/syncz")
            // As istioctl does, though it acknowledges nothing.
            .setResponseNonce("2026-11-25 10:00:00")
            .build());
    try {
      return answer.get(20, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void restartWithTheSameState_sendsNothingAgain() throws Exception {
    ControlPlane first = start();
    Proxy proxy = proxy(first);
    proxy.await("address");
    ControlPlane.Ports ports = first.ports();
    first.close();
    proxy.await("refused UNAVAILABLE");

    open(deployment.start(new ControlPlane.Ports(ports.secure(), 0, 0, 0, 0)));

    proxy.await("connected");
    assertThat(proxy.next()).isEqualTo("policy []");
    assertThat(proxy.next()).isEqualTo("address []");
  }

  @Test
  void connectionOfTheLongestAge_isEndedAndNothingIsSentAgain() throws Exception {
    ControlPlane plane =
        open(deployment.start(deployment.cluster(), Deployment.ANY, Duration.ofSeconds(1)));
    Proxy proxy = proxy(plane);
    proxy.await("address");

    proxy.await("refused");

    proxy.await("connected");
    assertThat(proxy.next()).isEqualTo("policy []");
    assertThat(proxy.next()).isEqualTo("address []");
  }

  @Test
  void streamBeforeTheFirstView_isRefused() throws Exception {
    FakeSource source = new FakeSource();
    ControlPlane plane =
        open(
            deployment.start(
                new ControlPlane.Cluster(
                    source, StatusWriter.none(), deployment.cluster().tokens(), null),
                Deployment.ANY));
    Proxy proxy = proxy(plane);
    assertThat(proxy.await("refused")).startsWith("refused UNAVAILABLE: the first snapshot");
    assertThat(get(plane.ports().ready(), "/ready").statusCode()).isEqualTo(503);

    source.show(ClusterView.of(1, List.of(Sample.namespace("shop"))));

    proxy.await("connected");
    assertThat(get(plane.ports().ready(), "/ready").body()).isEqualTo("ready\n");
  }

  @Test
  void callerWithoutAGoodToken_isUnauthenticated() throws Exception {
    int port = start().ports().secure();
    String forged;
    try (Deployment other = new Deployment(directory.resolve("other"))) {
      forged = other.token("ztunnel-n1");
    }

    for (String token : new @Nullable String[] {null, "garbage", forged}) {
      Proxy proxy = open(new Proxy(port, deployment.roots(), token, "istio-system"));
      assertThat(proxy.next()).isEqualTo("refused UNAUTHENTICATED: authentication failure");
    }
  }

  @Test
  void tokenThatCannotBeReviewed_isUnavailableForProxiesAndCertificates() throws Exception {
    ApiServer server = open(new ApiServer());
    Path config = Files.writeString(directory.resolve("kubeconfig"), server.kubeconfig());
    TokenReviewer tokens =
        new SourceEnvironment(
                Map.of("KUBECONFIG", config.toString()), Clock.systemUTC(), deployment::warn)
            .tokenReviewer();
    ControlPlane.Cluster cluster = deployment.cluster();
    ControlPlane plane =
        open(
            deployment.start(
                new ControlPlane.Cluster(cluster.source(), cluster.status(), tokens, null),
                Deployment.ANY));
    server.goAway();

    assertThat(proxy(plane).next())
        .isEqualTo("refused UNAVAILABLE: the token cannot be reviewed now, try again");
    assertThatThrownBy(() ->
            fetch(certificates(plane, "ztunnel-n1"), new SpiffeId("cluster.local", "shop", "web")))
        .hasMessageContaining("UNAVAILABLE: the token cannot be reviewed now, try again");
    assertThat(deployment.log()).contains("token not reviewed", "ConnectException");
  }

  @Test
  void nodeOfAnotherNamespaceThanItsToken_isRefused() throws Exception {
    int port = start().ports().secure();

    Proxy proxy = open(new Proxy(port, deployment.roots(), deployment.token("ztunnel-n1"), "shop"));

    assertThat(proxy.next()).startsWith("refused UNAUTHENTICATED: node namespace: shop");
  }

  @Test
  void readiness_isAnsweredWhileEveryReviewWaits() throws Exception {
    CountDownLatch waiting = new CountDownLatch(12);
    CountDownLatch release = new CountDownLatch(1);
    TokenReviewer stuck =
        _ -> {
          waiting.countDown();
          try {
            release.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
          return new TokenReviewer.Review.Rejected("interrupted");
        };
    ControlPlane.Cluster cluster = deployment.cluster();
    ControlPlane plane =
        open(
            deployment.start(
                new ControlPlane.Cluster(cluster.source(), cluster.status(), stuck, null),
                Deployment.ANY));
    opened.push(release::countDown);
    for (int i = 0; i < 12; i++) {
      proxy(plane);
    }
    assertThat(waiting.await(30, TimeUnit.SECONDS)).isTrue();

    Proxy plain = open(new Proxy(plane.ports().plaintext(), null, null, "anything"));
    assertThat(plain.await("address")).isEqualTo(FIRST);
    assertThat(get(plane.ports().ready(), "/ready").body()).isEqualTo("ready\n");
    assertThat(get(plane.ports().monitoring(), "/metrics").statusCode()).isEqualTo(200);
    assertThat(proxy(plane).await("refused")).startsWith("refused UNAVAILABLE: too many tokens");
  }

  @Test
  void plaintextPort_asksForNoToken() throws Exception {
    Proxy proxy = open(new Proxy(start().ports().plaintext(), null, null, "anything"));

    assertThat(proxy.await("address")).isEqualTo(FIRST);
  }

  @Test
  void nodeProxy_getsIdentitiesOfItsOwnNodeOnly() throws Exception {
    CaClient client = certificates(start(), "ztunnel-n1");

    assertThat(fetch(client, new SpiffeId("cluster.local", "shop", "web"))).isEqualTo("shop/web");
    refused(client, new SpiffeId("cluster.local", "shop", "db"));
    refused(client, new SpiffeId("cluster.local", "shop", "nobody"));
    refused(client, new SpiffeId("foreign.td", "shop", "web"));
    assertThat(deployment.log()).contains("the caller may not have this identity");
  }

  @Test
  void tokenOfAPodThatIsNotThere_getsNothing() throws Exception {
    refused(certificates(start(), "ztunnel-n7"), new SpiffeId("cluster.local", "shop", "web"));
  }

  @Test
  void debugPages_areJson() throws Exception {
    ControlPlane plane = start();
    Proxy proxy = proxy(plane);
    proxy.await("address");

    for (int port : new int[] {plane.ports().monitoring(), plane.ports().ready()}) {
      JsonNode ambient = json(port, "/debug/ambientz");
      assertThat(ambient.at("/workloads")).hasSize(3);
      assertThat(ambient.at("/policies/0/name").asText()).isEqualTo("p");
      assertThat(json(port, "/debug/l7z").path(TypeUrls.ROUTE).isArray()).isTrue();
      assertThat(json(port, "/debug/configz").at("/problems")).isEmpty();
      assertThat(json(port, "/debug/registryz")).isEmpty();
      assertThat(json(port, "/debug/syncz").at("/0/proxy").asText())
          .isEqualTo("ztunnel-n1.istio-system");
      assertThat(json(port, "/debug/syncz?namespace=shop")).isEmpty();
      assertThat(get(port, "/debug/").body()).contains("syncz");
      assertThat(get(port, "/version").statusCode()).isEqualTo(200);
    }
    assertThat(get(plane.ports().monitoring(), "/metrics").body())
        .contains("pilot_xds_pushes", "istiod_uptime_seconds", "pilot_xds");
    assertThat(get(plane.ports().ready(), "/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void start_withAPortThatIsTaken_leavesNothingOpen() throws Exception {
    ControlPlane first = start();
    int taken = first.ports().monitoring();

    assertThatThrownBy(() -> deployment.start(new ControlPlane.Ports(0, 0, taken, 0, 0)))
        .hasMessageContaining("Address already in use");

    assertThat(get(first.ports().ready(), "/ready").statusCode()).isEqualTo(200);
  }

  private ControlPlane start() throws Exception {
    return open(deployment.start(Deployment.ANY));
  }

  private Proxy proxy(ControlPlane plane) throws Exception {
    return open(
        new Proxy(
            plane.ports().secure(),
            deployment.roots(),
            deployment.token("ztunnel-n1"),
            "istio-system"));
  }

  private CaClient certificates(ControlPlane plane, String pod) throws Exception {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    opened.push(() -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly());
    return open(
        new CaClient(
            new CaClient.Settings(
                "https://localhost:" + plane.ports().secure(),
                deployment.roots().toString(),
                null,
                deployment.token(pod),
                "Kubernetes",
                Map.of(),
                Duration.ofHours(1),
                CaClient.Mode.SHARED),
            group,
            NioSocketChannel::new));
  }

  private static String fetch(CaClient client, SpiffeId identity) throws Exception {
    var chain = client.fetch(identity).toCompletableFuture().get(30, TimeUnit.SECONDS);
    SpiffeId seen = requireNonNull(chain.identityOrNull());
    return seen.namespace() + "/" + seen.serviceAccount();
  }

  private static void refused(CaClient client, SpiffeId identity) {
    assertThatThrownBy(() -> fetch(client, identity))
        .hasMessageContaining("UNAUTHENTICATED: request impersonation authentication failure");
  }

  private static JsonNode json(int port, String path) throws Exception {
    return new ObjectMapper().readTree(get(port, path).body());
  }

  private static HttpResponse<String> get(int port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private <T extends AutoCloseable> T open(T one) {
    opened.push(one);
    return one;
  }

  private static String pod(
      String namespace, String name, String account, String node, String address) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: %s, uid: u-%s}
    spec: {serviceAccountName: %s, nodeName: %s, containers: [{name: c}]}
    status: {phase: Running, podIP: %s, conditions: [{type: Ready, status: "True"}]}
    """
        .formatted(name, namespace, name, account, node, address);
  }

  private static String policy(String action) {
    return """
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {name: p, namespace: shop}
    spec: {action: %s, rules: [{}]}
    """
        .formatted(action);
  }
}
