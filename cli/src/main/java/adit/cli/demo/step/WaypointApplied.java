package adit.cli.demo.step;

import adit.cli.demo.stage.LogTail;
import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.PodProgram;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.Typed;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The shop asks for a waypoint while it is asked itself. Its policies of layer 4 would refuse what
/// arrives at the workloads then, so they are migrated.
public final class WaypointApplied implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final int RATE = 20;

  @Override
  public String title() {
    return "A waypoint is put into the shop's path under load, its policies go with it, and no request fails";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    LogTail log = stage.log("ztunnel/" + stage.pod("web").node());
    List<PodProgram> loops = new ArrayList<>();
    for (String mode : List.of("new", "keepalive", "open")) {
      loops.add(stage.loop("web", "http://details:8080/", mode, 10, RATE));
    }
    for (PodProgram loop : loops) {
      loop.running();
    }
    long start = System.nanoTime();
    Typed typed =
        stage.waypoint(
            "apply", "-n", Stage.SHOP, "--enroll-namespace", "--migrate-policies", "--wait");
    findings.did(typed.command());
    List<String> said = typed.lines().stream().filter(line -> !line.contains("policy ")).toList();
    findings.check(
        typed.exit() == 0,
        Texts.shortened(String.join("; ", said))
            + "; policies written for it: "
            + (typed.lines().size() - said.size()));
    List<String> through =
        log.await(
            line ->
                AccessLines.field(line, "direction").equals("outbound")
                    && AccessLines.field(line, "src.identity").endsWith("/sa/web")
                    && AccessLines.field(line, "dst.identity").endsWith("/sa/waypoint"),
            LONGEST);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        !through.isEmpty(),
        through.isEmpty()
            ? "no connection of web goes to the waypoint after " + millis + " ms"
            : "web's connections end at the waypoint, seen after "
                + millis
                + " ms: "
                + AccessLines.only(through.getFirst(), "src.identity", "dst.identity"));
    findings.check(
        stage.requests("web", Page.OWN, 2).clean(), "the shop's page, through the waypoint");
    for (PodProgram loop : loops) {
      LoopCounts counts = LoopCounts.of(loop.stop());
      findings.check(counts.clean(), "web -> details, " + counts);
    }
  }
}
