package adit.cli.demo.step;

import adit.cli.demo.stage.LogTail;
import adit.cli.demo.stage.Stage;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Who talked to whom, as the destination's proxy knows it from the certificate.
public final class Identities implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String WEB = "spiffe://cluster.local/ns/bookshop/sa/web";
  private static final String DETAILS = "spiffe://cluster.local/ns/bookshop/sa/details";

  @Override
  public String title() {
    return "Both sides are known by their SPIFFE identities, from their certificates";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    StatusReport.PodStatus details = stage.pod("details");
    LogTail log = stage.log("ztunnel/" + details.node());
    String answer = stage.get("web", "http://details:8080/");
    findings.did("in pod web: client get http://details:8080/");
    findings.check(answer.startsWith("200"), "answer: " + Texts.shortened(answer));
    List<String> lines =
        log.await(
            line ->
                line.contains("connection complete")
                    && AccessLines.field(line, "direction").equals("inbound")
                    && AccessLines.field(line, "src.identity").equals(WEB)
                    && AccessLines.field(line, "dst.identity").equals(DETAILS),
            LONGEST);
    findings.check(
        !lines.isEmpty(),
        lines.isEmpty()
            ? "no access line of the ztunnel of " + details.node() + " has both identities"
            : "access log of the ztunnel of "
                + details.node()
                + ": "
                + AccessLines.only(
                    lines.getLast(),
                    "src.workload",
                    "src.identity",
                    "dst.workload",
                    "dst.identity",
                    "direction",
                    "bytes_sent",
                    "bytes_recv"));
  }
}
