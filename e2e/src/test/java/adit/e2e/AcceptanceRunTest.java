package adit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class AcceptanceRunTest {
  private static final Map<String, String> CLUSTER = Map.of("KUBECONFIG", "config");

  private final List<String> walked = new ArrayList<>();

  @Test
  void run_namedJourney_walksThatOne() {
    assertThat(run(CLUSTER, "scale to 3")).isZero();
    assertThat(walked).containsExactly("scale to 3");
  }

  @Test
  void run_unknownNameOrOption_walksNothingAndSaysNo() {
    assertThat(run(CLUSTER, "scale")).isEqualTo(2);
    assertThat(run(CLUSTER, "--fast")).isEqualTo(2);
    assertThat(run(Map.of(), "scale to 3", "install")).isEqualTo(2);
    assertThat(walked).isEmpty();
  }

  @Test
  void run_quick_leavesOutTheLongOnes() {
    assertThat(run(CLUSTER, "--quick")).isZero();
    assertThat(walked).containsExactly("scale to 3");
  }

  @Test
  void run_aJourneyWhoseNeedsAreNotThere_isSkippedAndNotAFailure() {
    Journey skipped =
        new Journey(
            "helm install",
            true,
            () -> {
              throw new JourneySkipped("no helm on PATH");
            });

    assertThat(AcceptanceRun.run(List.of(skipped, journey("label", true)), List.of(), CLUSTER))
        .isZero();
    assertThat(AcceptanceRun.run(List.of(skipped), List.of(), CLUSTER)).isEqualTo(1);
  }

  @Test
  void run_aJourneyThatFailedInAnotherThread_isAFailure() {
    Journey failed =
        new Journey(
            "label",
            true,
            () -> {
              throw new ExecutionException(new JourneyFailed("not captured"));
            });

    assertThat(AcceptanceRun.run(List.of(failed), List.of(), CLUSTER)).isEqualTo(1);
  }

  @Test
  void run_nothingWasWalkedThoughThereIsACluster_isAFailure() {
    assertThat(AcceptanceRun.run(List.of(), List.of(), CLUSTER)).isEqualTo(1);
    assertThat(AcceptanceRun.run(List.of(), List.of(), Map.of())).isZero();
  }

  private int run(Map<String, String> environment, String... words) {
    return AcceptanceRun.run(
        List.of(journey("scale to 3", true), journey("uninstall", false)),
        List.of(words),
        environment);
  }

  private Journey journey(String name, boolean quick) {
    return new Journey(
        name,
        quick,
        () -> {
          walked.add(name);
          return "";
        });
  }
}
