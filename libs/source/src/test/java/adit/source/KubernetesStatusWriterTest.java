package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.StatusWriter.Condition;
import adit.source.StatusWriter.EventType;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.testkit.kube.ApiServer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class KubernetesStatusWriterTest {
  private static final ObjectKey WEB = ObjectKey.of(Kind.POD, "shop", "web");
  private static final ObjectKey POLICY = ObjectKey.of(Kind.AUTHORIZATION_POLICY, "shop", "p");
  private static final String MANAGER = "istio-ambient-ztunnel-policy";
  private static final Condition ACCEPTED =
      new Condition("ZtunnelAccepted", true, "Accepted", "attached to ztunnel", 2);
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant LATER = Instant.parse("2026-01-01T01:00:00Z");

  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ApiServer();
    server
        .know("v1", "pods")
        .know("events.k8s.io/v1", "events")
        .know(KubernetesSourceTest.SECURITY, "authorizationpolicies");
    server.put(
        "v1",
        "pods",
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
            + "\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u\"}}");
    server.put(
        KubernetesSourceTest.SECURITY,
        "authorizationpolicies",
        "{\"apiVersion\":\"security.istio.io/v1\",\"kind\":\"AuthorizationPolicy\","
            + "\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"}}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void condition_isAppliedUnderItsFieldManager() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.setCondition(POLICY, MANAGER, ACCEPTED);

      ApiServer.Write written = nextWrite();
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
  void conditionThatNoLongerApplies_isRemovedByItsManager_andOthersStay() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.setCondition(POLICY, MANAGER, ACCEPTED);
      writer.setCondition(POLICY, MANAGER, new Condition("Other", true, "R", "m", 2));
      writer.removeCondition(POLICY, MANAGER, "ZtunnelAccepted");

      var _ = nextWrite();
      var _ = nextWrite();
      ApiServer.Write last = nextWrite();
      assertThat(last.uri()).contains("fieldManager=istio-ambient-ztunnel-policy");
      assertThat(last.body().at("/status/conditions").findValuesAsText("type"))
          .containsExactly("Other");
    }
  }

  @Test
  void status_isChangedFromWhatIsThere_andNotWrittenIfNothingDiffers() throws Exception {
    server.put(
        KubernetesSourceTest.SECURITY,
        "authorizationpolicies",
        "{\"apiVersion\":\"security.istio.io/v1\",\"kind\":\"AuthorizationPolicy\","
            + "\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"},"
            + "\"status\":{\"theirs\":1,\"conditions\":[{\"type\":\"Theirs\"}]}}");
    StatusChange change =
        (status, now) -> {
          status.put("ours", 2);
          ConditionList.put(status, List.of(ACCEPTED), now);
        };
    try (StatusWriter writer = writer(FIRST)) {
      writer.updateStatus(POLICY, change);
      writer.updateStatus(POLICY, change);
    }

    ApiServer.Write written = nextWrite();
    assertThat(written.uri()).endsWith("/authorizationpolicies/p/status");
    assertThat(written.contentType()).startsWith("application/merge-patch+json");
    assertThat(written.body().at("/metadata/resourceVersion").asText()).isNotEmpty();
    assertThat(written.body().at("/status/theirs").asInt()).isEqualTo(1);
    assertThat(written.body().at("/status/conditions").findValuesAsText("type"))
        .containsExactly("Theirs", "ZtunnelAccepted");
    assertThat(server.writes()).isEmpty();
  }

  @Test
  void conditionThatIsThereAlready_isNotWrittenByTheNextProcess() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.setCondition(POLICY, MANAGER, ACCEPTED);
      nextWrite();
    }
    try (StatusWriter writer = writer(LATER)) {
      writer.setCondition(POLICY, MANAGER, ACCEPTED);
      writer.setCondition(
          POLICY,
          MANAGER,
          new Condition("ZtunnelAccepted", true, "UnsupportedValue", "in part", 3));

      JsonNode condition = nextWrite().body().at("/status/conditions/0");
      assertThat(condition.path("reason").asText()).isEqualTo("UnsupportedValue");
      // The status did not change, so the time did not either.
      assertThat(condition.path("lastTransitionTime").asText()).isEqualTo(FIRST.toString());

      writer.setCondition(
          POLICY, MANAGER, new Condition("ZtunnelAccepted", false, "UnsupportedValue", "no", 3));
      assertThat(nextWrite().body().at("/status/conditions/0/lastTransitionTime").asText())
          .isEqualTo(LATER.toString());
    }
  }

  @Test
  void annotations_arePatchedOnTheStatusOfThatVeryPod() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.patchPodAnnotations(WEB, "u", Map.of("a", "b"));

      ApiServer.Write written = nextWrite();
      assertThat(written.uri()).startsWith("/api/v1/namespaces/shop/pods/web/status");
      assertThat(written.contentType()).startsWith("application/merge-patch+json");
      assertThat(written.body())
          .hasToString("{\"metadata\":{\"uid\":\"u\",\"annotations\":{\"a\":\"b\"}}}");
      // Reading would take another right.
      assertThat(server.reads()).isEmpty();
    }
  }

  @Test
  void annotationsOfAPodsSuccessor_areLeftAlone() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.patchPodAnnotations(WEB, "gone", Map.of("a", "b"));
      writer.event(WEB, EventType.NORMAL, "Later", "so that there is something to wait for");

      assertThat(nextWrite().body().path("reason").asText()).isEqualTo("Later");
    }
  }

  @Test
  void event_isCreatedInTheObjectsNamespace() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.event(WEB, EventType.WARNING, "MeshCaptureFailed", "because");

      ApiServer.Write written = nextWrite();
      assertThat(written.uri()).startsWith("/apis/events.k8s.io/v1/namespaces/shop/events");
      assertThat(written.body().at("/note").asText()).isEqualTo("because");
      assertThat(written.body().at("/regarding/name").asText()).isEqualTo("web");
      assertThat(written.body().at("/regarding/uid").asText()).isEqualTo("u");
    }
  }

  @Test
  void eventThatIsThereAlready_isCountedByTheNextProcess() throws Exception {
    try (StatusWriter writer = writer(FIRST)) {
      writer.event(WEB, EventType.WARNING, "MeshCaptureFailed", "because");
      nextWrite();
    }
    try (StatusWriter writer = writer(LATER)) {
      writer.event(WEB, EventType.WARNING, "MeshCaptureFailed", "because");

      ApiServer.Write written = nextWrite();
      assertThat(written.method()).isEqualTo("PATCH");
      assertThat(written.body().at("/series/count").asInt()).isEqualTo(2);
      assertThat(server.reads()).noneMatch(uri -> uri.contains("events"));
    }
  }

  private StatusWriter writer(Instant now) {
    return KubernetesStatusWriter.open(
        KubernetesSourceTest.client(server),
        "test",
        Clock.fixed(now, ZoneOffset.UTC),
        warnings::add);
  }

  private ApiServer.Write nextWrite() throws InterruptedException {
    return requireNonNull(server.writes().poll(20, TimeUnit.SECONDS), warnings.toString());
  }
}
