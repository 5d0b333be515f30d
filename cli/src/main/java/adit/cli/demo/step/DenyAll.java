package adit.cli.demo.step;

import adit.cli.demo.stage.LogTail;
import adit.cli.demo.stage.Stage;
import adit.cli.local.run.Polling;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A policy that allows nothing breaks the shop, and the client's side says why.
public final class DenyAll implements Step {
  static final String FILE = "70-allow-nothing.yaml";
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String POLICY =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata:
        name: allow-nothing
        namespace: bookshop
      spec: {}
      """;

  @Override
  public String title() {
    return "A policy that allows nothing breaks the shop, and the client's own side says which policy it was";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    StatusReport.PodStatus web = stage.pod("web");
    LogTail log = stage.log("ztunnel/" + web.node());
    long start = System.nanoTime();
    findings.did(stage.yaml().add(FILE, POLICY));
    String[] answer = {""};
    boolean broken =
        Polling.until(
            LONGEST,
            () -> {
              answer[0] = Page.get(stage, "web", "http://details:8080/");
              return Page.isRefused(answer[0]);
            });
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        broken,
        "web -> details: "
            + Texts.shortened(answer[0])
            + (broken ? " (seen " + millis + " ms after the change)" : ""));
    findings.check(
        !Page.get(stage, "web", Page.OWN).startsWith("200"),
        "the shop's page: " + Texts.shortened(Page.get(stage, "web", Page.OWN)));
    List<String> lines =
        log.await(
            line ->
                AccessLines.field(line, "direction").equals("outbound")
                    && AccessLines.field(line, "error").contains("allow-nothing"),
            LONGEST);
    findings.check(
        !lines.isEmpty(),
        lines.isEmpty()
            ? "the ztunnel of " + web.node() + ", the client's node, does not say why"
            : "the ztunnel of "
                + web.node()
                + ", the client's node, says: "
                + AccessLines.field(lines.getLast(), "error"));
  }
}
