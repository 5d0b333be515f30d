package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.PodProgram;
import adit.cli.demo.stage.SeenPacket;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.Wire;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/// The label, under load: nothing fails, nothing restarts, and what is new on the link is
/// encrypted.
public final class Enrolment implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(15);
  private static final int HBONE = 15008;

  // A request that was on its way when the last pod was captured may take this long to end.
  private static final Duration UNDER_WAY = Duration.ofMillis(500);
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
      TimeUnit.NANOSECONDS.sleep(UNDER_WAY.toNanos());
      long from = System.currentTimeMillis();
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
      for (PodProgram loop : loops) {
        LoopCounts counts = LoopCounts.of(loop.stop());
        findings.check(counts.clean(), "client outside -> web -> ..., " + counts);
      }
      onTheWire(
          findings,
          wire.finish().stream().filter(packet -> packet.atMillis() >= from).toList(),
          stage.shopAddresses());
    }
    sameProcesses(before, byUid(stage), findings);
    flowsLive(stage, findings);
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
      loops.add(
          stage.start(
              "client",
              "bookshop",
              "client",
              "loop",
              "http://web.bookshop/",
              "--mode",
              mode,
              "--pause",
              "20",
              "--rate",
              "20"));
    }
    for (PodProgram loop : loops) {
      loop.running();
    }
    return loops;
  }

  private static void onTheWire(
      Findings findings, List<SeenPacket> packets, Set<InetAddress> shop) {
    Map<Integer, Integer> opened = new TreeMap<>();
    int all = 0;
    int marked = 0;
    for (SeenPacket packet : packets) {
      if (shop.contains(packet.from()) && shop.contains(packet.to())) {
        all++;
        marked += packet.marked() ? 1 : 0;
        if (packet.opens()) {
          opened.merge(packet.toPort(), 1, Integer::sum);
        }
      }
    }
    long other = opened.keySet().stream().filter(port -> port != HBONE).count();
    findings.check(
        other == 0 && all > 0,
        "on the link from pod to pod of the shop in "
            + LOOK.toSeconds()
            + " s: "
            + all
            + " packets; new connections by port: "
            + (opened.isEmpty() ? "none, the tunnels are open already" : opened));
    findings.check(marked == 0, "packets with the text " + Stage.MARKER + " in them: " + marked);
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
