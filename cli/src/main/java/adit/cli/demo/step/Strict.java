package adit.cli.demo.step;

import adit.cli.demo.stage.LogTail;
import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.Stage;
import adit.cli.local.run.Polling;
import adit.cli.local.run.ProbePlace;
import adit.cli.local.run.Prober;
import adit.cli.local.supervise.StatusReport;
import adit.linux.topology.NamedNetns;
import adit.source.object.Container;
import adit.source.object.PortRef;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// STRICT: who comes without an identity is refused; the kubelet's probes are not.
public final class Strict implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String POLICY =
      """
      apiVersion: security.istio.io/v1
      kind: PeerAuthentication
      metadata:
        name: default
        namespace: bookshop
      spec:
        mtls:
          mode: STRICT
      """;

  @Override
  public String title() {
    return "PeerAuthentication STRICT refuses the client outside the mesh, and the probes still pass";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    StatusReport.PodStatus web = stage.pod("web");
    LogTail log = stage.log("ztunnel/" + web.node());
    long start = System.nanoTime();
    findings.did(stage.yaml().add("60-strict.yaml", POLICY));
    String[] answer = {""};
    boolean refused =
        Polling.until(
            LONGEST,
            () -> {
              answer[0] = get(stage);
              return Page.isRefused(answer[0]);
            });
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        refused,
        "client outside -> web: "
            + Texts.shortened(answer[0])
            + (refused ? " (seen " + millis + " ms after the change)" : ""));
    reason(log, web.node(), findings);
    LoopCounts inside = stage.requests("web", "http://reviews:8080/", 2);
    findings.check(inside.clean(), "web -> reviews, in the mesh, " + inside);
    probes(stage, findings);
  }

  private static String get(Stage stage) throws IOException {
    try {
      return stage.get("client", "http://web.bookshop/");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  private static void reason(LogTail log, String node, Findings findings) throws IOException {
    List<String> lines =
        log.await(
            line -> !AccessLines.field(line, "error").isEmpty() && line.contains("inbound"),
            LONGEST);
    findings.check(
        !lines.isEmpty(),
        lines.isEmpty()
            ? "the ztunnel of " + node + " does not say why"
            : "the ztunnel of " + node + " says: " + AccessLines.field(lines.getLast(), "error"));
  }

  private static void probes(Stage stage, Findings findings) throws IOException {
    int good = 0;
    List<StatusReport.PodStatus> pods = stage.shop();
    try (Prober prober = new Prober()) {
      for (StatusReport.PodStatus pod : pods) {
        good += prober.probe(probe(), place(stage, pod)).join().good() ? 1 : 0;
      }
    }
    long ready = stage.shop().stream().filter(pod -> pod.ready() && pod.restarts() == 0).count();
    findings.check(
        good == pods.size() && ready == pods.size(),
        "probes sent from the nodes: "
            + good
            + " of "
            + pods.size()
            + " passed; pods ready and never restarted: "
            + ready
            + " of "
            + pods.size());
  }

  private static Container.Probe probe() {
    return new Container.Probe(
        new Container.Action.HttpGet("HTTP", "/healthz", new PortRef.Numbered(8080)),
        0,
        1,
        2,
        1,
        1);
  }

  private static ProbePlace place(Stage stage, StatusReport.PodStatus pod) {
    return new ProbePlace(
        new NamedNetns(stage.options().instance().prefix() + "." + pod.node()),
        InetAddress.ofLiteral(pod.addresses().getFirst()),
        List.of());
  }
}
