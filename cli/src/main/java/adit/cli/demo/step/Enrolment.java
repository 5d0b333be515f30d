package adit.cli.demo.step;

import adit.cli.demo.stage.LinkView;
import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.PodProgram;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.Wire;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The label, under load: nothing fails, nothing restarts, and what is new on the link is
/// encrypted.
public final class Enrolment implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final int HBONE = 15008;

  // New connections a second, on top of two loops that wait for their answers. Each page opens
  // three or four connections in the mesh, whose proxies have not run before.
  private static final int RATE = 10;

  // A connection that a proxy had accepted before it knew is dialled within this time.
  private static final Duration UNDER_WAY = Duration.ofSeconds(1);
  private static final Duration LOOK = Duration.ofSeconds(3);

  @Override
  public String title() {
    return "One label puts the shop into the mesh while requests run: no failure, no restart, and the link shows only HBONE";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    Map<String, StatusReport.PodStatus> before = byUid(stage);
    stage.flows().add(flow(stage, "client", "web.bookshop:9090"));
    stage.flows().add(flow(stage, "web", "details:9090"));
    List<PodProgram> loops = loops(stage);
    TimeUnit.SECONDS.sleep(1);
    String node = stage.status().nodes().getLast();
    try (Wire wire = stage.wire(node)) {
      long start = System.nanoTime();
      findings.did(stage.yaml().label());
      boolean enrolled = stage.awaitEnrolled(LONGEST);
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      findings.check(
          enrolled,
          enrolled
              ? "all " + before.size() + " pods of the shop are captured " + millis + " ms later"
              : "not all pods are captured after " + LONGEST.toSeconds() + " s");
      long known = settled(stage, findings);
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
      for (PodProgram loop : loops) {
        LoopCounts counts = LoopCounts.of(loop.stop());
        findings.check(counts.clean(), "client outside -> web -> ..., " + counts);
      }
      onTheWire(findings, LinkView.of(wire.finish(), known, stage.shopAddresses()));
    }
    sameProcesses(before, byUid(stage), findings);
    flowsLive(stage, findings);
  }

  /// When the proxies of all nodes knew, and what they had decided before was done.
  private static long settled(Stage stage, Findings findings)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    boolean known = stage.awaitKnown(LONGEST);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        known,
        "the proxies of both nodes "
            + (known ? "know it " + millis + " ms after that" : "do not know it"));
    TimeUnit.NANOSECONDS.sleep(UNDER_WAY.toNanos());
    return System.currentTimeMillis();
  }

  /// Whether the flows that were open before the label are alive.
  static void flowsLive(Stage stage, Findings findings) {
    long alive = stage.flows().stream().filter(PodProgram::alive).count();
    findings.check(
        alive == stage.flows().size(),
        alive
            + " of "
            + stage.flows().size()
            + " flows that were open before the label are alive (they stay plaintext until they end)");
  }

  private static PodProgram flow(Stage stage, String pod, String target)
      throws IOException, InterruptedException {
    return stage.start(pod, "bookshop", "client", "flow", target).running();
  }

  private static List<PodProgram> loops(Stage stage) throws IOException, InterruptedException {
    List<PodProgram> loops = new ArrayList<>();
    for (String mode : List.of("new", "keepalive", "open")) {
      loops.add(stage.loop("client", "http://web.bookshop/", mode, 20, RATE));
    }
    for (PodProgram loop : loops) {
      loop.running();
    }
    return loops;
  }

  private static void onTheWire(Findings findings, LinkView link) {
    boolean onlyTunnels = link.opened().keySet().stream().allMatch(port -> port == HBONE);
    findings.check(
        onlyTunnels && link.packets() > 0,
        "on the link from pod to pod of the shop in "
            + LOOK.toSeconds()
            + " s: "
            + link.packets()
            + " packets; new connections by port: "
            + (link.opened().isEmpty() ? "none, the tunnels are open already" : link.opened()));
    findings.check(
        link.markedNew() == 0,
        "packets of new connections with the text " + Stage.MARKER + ": " + link.markedNew());
    if (link.markedOld() > 0) {
      findings.show(
          link.markedOld()
              + " packets with it are answers on "
              + link.oldConnections()
              + " connections that were open before their pods were captured");
    }
  }

  private static void sameProcesses(
      Map<String, StatusReport.PodStatus> before,
      Map<String, StatusReport.PodStatus> after,
      Findings findings) {
    boolean same =
        before.keySet().equals(after.keySet())
            && before.values().stream()
                .allMatch(pod -> {
                  StatusReport.PodStatus now = after.get(pod.uid());
                  return now != null
                      && now.pids().equals(pod.pids())
                      && now.restarts() == pod.restarts();
                });
    findings.check(
        same,
        same
            ? "no process was restarted: the same pods with the same process ids"
            : "processes changed: " + before.values() + " -> " + after.values());
  }

  private static Map<String, StatusReport.PodStatus> byUid(Stage stage) throws IOException {
    Map<String, StatusReport.PodStatus> all = new HashMap<>();
    stage.shop().forEach(pod -> all.put(pod.uid(), pod));
    return all;
  }
}
