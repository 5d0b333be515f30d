package adit.cli.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RolloutTest {
  private static final Instant GONE = Instant.parse("2026-11-25T11:00:00Z");

  @Test
  void next_nothingThere_createsAll() {
    assertThat(Rollout.next(3, "new", List.of())).isEqualTo(new Rollout.Step(3, List.of()));
  }

  @Test
  void next_fewerWanted_deletesTheOneThatIsNotReady() {
    PodFacts good = Pods.pod("a", "new", true, null);
    PodFacts bad = Pods.pod("b", "new", false, null);
    assertThat(Rollout.next(1, "new", List.of(good, bad)).delete()).containsExactly(bad);
  }

  @Test
  void next_newTemplate_createsOneMoreAndKeepsTheOldUntilItIsReady() {
    PodFacts old = Pods.pod("a", "old", true, null);
    assertThat(Rollout.next(1, "new", List.of(old))).isEqualTo(new Rollout.Step(1, List.of()));
    PodFacts starting = Pods.pod("b", "new", false, null);
    assertThat(Rollout.next(1, "new", List.of(old, starting)))
        .isEqualTo(new Rollout.Step(0, List.of()));
    PodFacts ready = Pods.pod("b", "new", true, null);
    assertThat(Rollout.next(1, "new", List.of(old, ready)).delete()).containsExactly(old);
  }

  @Test
  void next_podThatGoes_isReplacedAtOnceAndNotDeletedAgain() {
    PodFacts going = Pods.pod("a", "new", true, GONE);
    assertThat(Rollout.next(1, "new", List.of(going))).isEqualTo(new Rollout.Step(1, List.of()));
  }

  @Test
  void next_noneWanted_deletesOldAndNew() {
    PodFacts old = Pods.pod("a", "old", true, null);
    PodFacts current = Pods.pod("b", "new", true, null);
    assertThat(Rollout.next(0, "new", List.of(old, current)).delete())
        .containsExactlyInAnyOrder(old, current);
  }
}
