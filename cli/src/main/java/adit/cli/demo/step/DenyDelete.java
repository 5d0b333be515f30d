package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.Typed;
import adit.cli.local.run.Polling;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A policy of layer 7 refuses one method, and says so when asked.
public final class DenyDelete implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String DETAILS = "http://details:8080/";
  private static final String POLICY =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: no-delete, namespace: bookshop}
      spec:
        targetRefs: [{group: "", kind: Service, name: details}]
        action: DENY
        rules:
        - to:
          - operation: {methods: [DELETE]}
      """;

  @Override
  public String title() {
    return "A policy for layer 7 refuses DELETE and nothing else, and adit explain tells which one";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    long start = System.nanoTime();
    findings.did(stage.yaml().add("95-no-delete.yaml", POLICY));
    String[] answer = {""};
    boolean refused =
        Polling.until(
            LONGEST,
            () -> {
              answer[0] = delete(stage);
              return answer[0].startsWith("403");
            });
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        refused && answer[0].contains("RBAC: access denied"),
        "web -> details, DELETE: "
            + Texts.shortened(answer[0])
            + (refused ? " (seen " + millis + " ms after the change)" : ""));
    LoopCounts counts = stage.requests("web", DETAILS, 2);
    findings.check(counts.clean(), "web -> details, GET, " + counts);
    Typed typed = stage.explain("bookshop/web", "bookshop/details:8080", "--method", "DELETE");
    findings.did(typed.command());
    String told =
        typed.lines().stream()
            .filter(line -> line.contains("bookshop/no-delete"))
            .findFirst()
            .orElse("does not name the policy: " + typed.lines());
    findings.check(
        typed.exit() == 1 && told.contains("bookshop/no-delete"),
        "explained (exit code " + typed.exit() + "): " + Texts.shortened(told.strip()));
  }

  private static String delete(Stage stage) throws IOException {
    try {
      List<String> said = stage.gets("web", DETAILS, "--method", "DELETE");
      return said.isEmpty() ? "" : said.getLast();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
