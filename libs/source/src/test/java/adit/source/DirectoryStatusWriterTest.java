package adit.source;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.source.StatusWriter.Condition;
import adit.source.StatusWriter.EventType;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryStatusWriterTest {
  private static final ObjectKey POD = ObjectKey.of(Kind.POD, "shop", "web");
  private static final ObjectKey POLICY = ObjectKey.of(Kind.AUTHORIZATION_POLICY, "shop", "p");

  @TempDir Path directory;
  private final Clock clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);

  @Test
  void annotations_areReadBackAsAPatchOfThePod() throws IOException {
    Path cluster = Files.createDirectories(directory.resolve("cluster"));
    Files.writeString(
        cluster.resolve("pod.yaml"),
        "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, uid: u}}");
    try (StatusWriter writer = writer()) {
      writer.patchPodAnnotations(POD, "u", Map.of("a", "1"));
      writer.patchPodAnnotations(POD, "u", Map.of("b", "2"));
    }

    try (DirectorySource source = DirectorySource.open(List.of(cluster, directory.resolve("s")))) {
      assertThat(requireNonNull(source.current().podOrNull("shop", "web")).meta().annotations())
          .isEqualTo(Map.of("a", "1", "b", "2"));
    }
  }

  @Test
  void annotations_ofASuccessorPodStartAnew() throws IOException {
    try (StatusWriter writer = writer()) {
      writer.patchPodAnnotations(POD, "old", Map.of("a", "1"));
    }
    try (StatusWriter writer = writer()) {
      Map<String, @Nullable String> removed = new HashMap<>();
      removed.put("b", null);
      writer.patchPodAnnotations(POD, "new", removed);
    }

    assertThat(patch("pod-shop-web"))
        .contains("\"uid\" : \"new\"", "\"b\" : null")
        .doesNotContain("\"a\"");
  }

  @Test
  void conditions_ofTwoTypesStayBesideEachOther() throws IOException {
    try (StatusWriter writer = writer()) {
      writer.setCondition(POLICY, "m", new Condition("One", true, "Accepted", "fine", 3));
      writer.setCondition(POLICY, "m", new Condition("Two", false, "Bad", "not fine", 3));
      writer.setCondition(POLICY, "m", new Condition("One", false, "Bad", "not fine", 4));
    }

    assertThat(patch("authorizationpolicy-shop-p"))
        .containsOnlyOnce("\"One\"")
        .containsOnlyOnce("\"Two\"")
        .contains("\"observedGeneration\" : 4", "2026-01-01T00:00:00Z");
  }

  @Test
  void events_areLinesAndTheSameIsSaidOnce() throws IOException {
    try (StatusWriter writer = writer()) {
      writer.event(POLICY, EventType.WARNING, "PolicyNotEnforced", "because");
      writer.event(POLICY, EventType.WARNING, "PolicyNotEnforced", "because");
      writer.event(POD, EventType.NORMAL, "MeshEnrolled", "done");
    }

    assertThat(Files.readAllLines(directory.resolve("s/events.jsonl")))
        .hasSize(2)
        .first()
        .asString()
        .contains("\"type\":\"Warning\"", "\"name\":\"p\"", "\"reporter\":\"test\"");
  }

  private StatusWriter writer() {
    return DirectoryStatusWriter.open(
        directory.resolve("s"),
        "test",
        clock,
        message -> {
          throw new AssertionError(message);
        });
  }

  private String patch(String name) throws IOException {
    return Files.readString(directory.resolve("s/" + name + "-test.patch.yaml"));
  }
}
