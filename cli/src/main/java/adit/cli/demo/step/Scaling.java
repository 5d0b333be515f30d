package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.PodProgram;
import adit.cli.demo.stage.Stage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A pod comes and goes under load.
public final class Scaling implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final int RATE = 20;
  private static final Duration BOTH = Duration.ofSeconds(2);

  @Override
  public String title() {
    return "A pod is added and removed under load without an error";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    List<PodProgram> loops = new ArrayList<>();
    for (String mode : List.of("new", "keepalive", "open")) {
      loops.add(stage.loop("web", "http://details:8080/", mode, 10, RATE));
    }
    for (PodProgram loop : loops) {
      loop.running();
    }
    findings.did(stage.yaml().replicas("20-details.yaml", 1, 2));
    change(stage, findings, 2, "added");
    TimeUnit.NANOSECONDS.sleep(BOTH.toNanos());
    findings.did(stage.yaml().replicas("20-details.yaml", 2, 1));
    change(stage, findings, 1, "removed");
    for (PodProgram loop : loops) {
      LoopCounts counts = LoopCounts.of(loop.stop());
      findings.check(counts.clean(), "web -> details, " + counts);
    }
  }

  private static void change(Stage stage, Findings findings, int wanted, String what)
      throws IOException {
    long start = System.nanoTime();
    boolean settled =
        adit.cli.local.run.Polling.until(
            LONGEST, () -> details(stage) == wanted && stage.status().settled());
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    boolean captured = settled && stage.awaitEnrolled(LONGEST);
    findings.check(
        captured,
        captured
            ? "a pod of details was " + what + " within " + millis + " ms, and all are captured"
            : "details has "
                + details(stage)
                + " pods after "
                + millis
                + " ms (wanted: "
                + wanted
                + ")");
  }

  private static long details(Stage stage) throws IOException {
    return stage.shop().stream().filter(pod -> pod.app().equals("details")).count();
  }
}
