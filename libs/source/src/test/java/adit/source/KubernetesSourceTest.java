package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.StatusWriter.Condition;
import adit.source.StatusWriter.EventType;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class KubernetesSourceTest {
  private static final String POD =
      "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"%s\","
          + "\"labels\":{\"app\":\"%s\"},\"managedFields\":[]},"
          + "\"spec\":{\"newField\":1,\"serviceAccountName\":\"web\","
          + "\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"X\",\"value\":\"1\"}]}]}}";
  private static final ObjectKey WEB = ObjectKey.of(Kind.POD, "shop", "web");

  private final LinkedBlockingQueue<ClusterView> views = new LinkedBlockingQueue<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ApiServer();
    for (String path : List.of("namespaces", "nodes", "services")) {
      server.list("/api/v1/" + path, "");
    }
    server.list("/api/v1/pods", POD.formatted("1", "web"));
    for (String path : List.of("", "/status")) {
      server.object("/api/v1/namespaces/shop/pods/web" + path, kinded(POD.formatted("1", "web")));
      server.object(
          "/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/p" + path,
          "{\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"}}");
    }
    server.list("/apis/discovery.k8s.io/v1/endpointslices", "");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void view_isCompleteWithoutTheCrdsThatAreMissingAndFollowsTheWatch() throws Exception {
    try (KubernetesSource source =
        KubernetesSource.open(server.client(), Selection.CONTROL_PLANE, warnings::add)) {
      source.subscribe(views::add);

      ClusterView first = await(view -> !view.pods().isEmpty());

      var pod = requireNonNull(first.podOrNull("shop", "web"));
      assertThat(pod.spec().serviceAccount()).isEqualTo("web");
      assertThat(pod.spec().containers().getFirst().env()).isEmpty();
      assertThat(first.problems()).isEmpty();
      assertThat(warnings)
          .anySatisfy(warning -> assertThat(warning).contains("security.istio.io/v1"));

      server.event("/api/v1/pods", "MODIFIED", kinded(POD.formatted("2", "other")));
      await(view ->
          requireNonNull(view.podOrNull("shop", "web")).meta().label("app").equals("other"));

      server.event("/api/v1/pods", "DELETED", kinded(POD.formatted("3", "other")));
      await(view -> view.pods().isEmpty());
    }
  }

  @Test
  void nodesSelection_asksForNothingElseAndForItsOwnPodsOnly() throws Exception {
    server.list("/apis/networking.k8s.io/v1/networkpolicies", "");
    try (KubernetesSource source =
        KubernetesSource.open(server.client(), Selection.ofNode("node-1"), warnings::add)) {
      source.subscribe(views::add);

      await(view -> !view.pods().isEmpty());

      assertThat(server.read)
          .anySatisfy(uri -> assertThat(uri).contains("/networkpolicies"))
          .noneMatch(uri -> uri.contains("/services") || uri.contains("/nodes"))
          .filteredOn(uri -> uri.startsWith("/api/v1/pods"))
          .isNotEmpty()
          .allMatch(uri -> uri.contains("fieldSelector=spec.nodeName=node-1"));
      assertThat(warnings).isEmpty();
    }
  }

  @Test
  void condition_isAppliedUnderItsFieldManager() throws Exception {
    try (StatusWriter writer = writer()) {
      writer.setCondition(
          ObjectKey.of(Kind.AUTHORIZATION_POLICY, "shop", "p"),
          "istio-ambient-ztunnel-policy",
          new Condition("ZtunnelAccepted", true, "Accepted", "attached to ztunnel", 2));

      ApiServer.Written written = nextWritten();
      assertThat(written.method()).isEqualTo("PATCH");
      assertThat(written.uri())
          .startsWith("/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/p/status?")
          .contains("fieldManager=istio-ambient-ztunnel-policy", "force=true");
      assertThat(written.contentType()).startsWith("application/apply-patch+yaml");
      assertThat(written.body().at("/status/conditions/0/type").asText())
          .isEqualTo("ZtunnelAccepted");
    }
  }

  @Test
  void annotations_arePatchedOnTheStatusOfThatVeryPod() throws Exception {
    try (StatusWriter writer = writer()) {
      writer.patchPodAnnotations(WEB, "u", Map.of("a", "b"));

      ApiServer.Written written = nextWritten();
      assertThat(written.uri()).startsWith("/api/v1/namespaces/shop/pods/web/status");
      assertThat(written.contentType()).startsWith("application/merge-patch+json");
      assertThat(written.body())
          .hasToString("{\"metadata\":{\"uid\":\"u\",\"annotations\":{\"a\":\"b\"}}}");
    }
  }

  @Test
  void event_isCreatedInTheObjectsNamespace() throws Exception {
    try (StatusWriter writer = writer()) {
      writer.event(WEB, EventType.WARNING, "MeshCaptureFailed", "because");

      ApiServer.Written written = nextWritten();
      assertThat(written.uri()).startsWith("/apis/events.k8s.io/v1/namespaces/shop/events");
      assertThat(written.body().at("/note").asText()).isEqualTo("because");
      assertThat(written.body().at("/regarding/name").asText()).isEqualTo("web");
      assertThat(written.body().at("/regarding/uid").asText()).isEqualTo("u");
    }
  }

  private StatusWriter writer() {
    return KubernetesStatusWriter.open(
        server.client(),
        "test",
        Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC),
        warnings::add);
  }

  private ApiServer.Written nextWritten() throws InterruptedException {
    return requireNonNull(server.written.poll(20, TimeUnit.SECONDS), warnings.toString());
  }

  private static String kinded(String json) {
    return json.replaceFirst("\\{", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",");
  }

  private ClusterView await(Predicate<ClusterView> condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      ClusterView view = views.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (condition.test(requireNonNull(view, "no view that fits within 20 s: " + warnings))) {
        return view;
      }
    }
  }
}
