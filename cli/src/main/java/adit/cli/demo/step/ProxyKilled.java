package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.Stage;
import adit.cli.local.run.Polling;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A node's proxy dies and comes back.
public final class ProxyKilled implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);

  @Override
  public String title() {
    return "A node's ztunnel is killed: it comes back, and new connections work";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    String node = stage.pod("details").node();
    StatusReport.ProgramStatus before = ztunnel(stage, node);
    ProcessHandle process = ProcessHandle.of(before.pid()).orElse(null);
    long start = System.nanoTime();
    if (process != null) {
      process.destroyForcibly();
    }
    findings.did("kill -9 " + before.pid() + "  (ztunnel of " + node + ")");
    boolean back =
        Polling.until(
            LONGEST,
            () -> {
              StatusReport.ProgramStatus now = ztunnel(stage, node);
              return now.pid() != before.pid() && now.pid() != 0 && now.ready();
            });
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        back,
        back
            ? "another one is ready after " + millis + " ms"
            : "none is ready after " + millis + " ms");
    LoopCounts counts = stage.requests("web", Page.OWN, 5);
    findings.check(counts.clean(), "web -> details, web -> reviews -> ratings, " + counts);
    long restarted = stage.shop().stream().filter(pod -> pod.restarts() > 0).count();
    findings.check(restarted == 0, "pods of the shop that were restarted: " + restarted);
    Enrolment.flowsLive(stage, findings);
  }

  private static StatusReport.ProgramStatus ztunnel(Stage stage, String node) throws IOException {
    return stage.status().programs().stream()
        .filter(program -> program.name().equals("ztunnel/" + node))
        .findFirst()
        .orElseThrow(() -> new IOException("there is no ztunnel on " + node));
  }
}
