package adit.cli.demo.step;

import adit.cli.demo.stage.LoopCounts;
import adit.cli.demo.stage.Stage;
import adit.cli.local.run.Polling;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Two policies that name who may call what restore the shop, for those only.
public final class AllowWeb implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String POLICIES =
      """
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata:
        name: allow-web
        namespace: bookshop
      spec:
        rules:
        - from:
          - source:
              principals: ["cluster.local/ns/bookshop/sa/web"]
          to:
          - operation:
              ports: ["8080"]
      ---
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata:
        name: allow-reviews
        namespace: bookshop
      spec:
        selector:
          matchLabels:
            app: ratings
        rules:
        - from:
          - source:
              principals: ["cluster.local/ns/bookshop/sa/reviews"]
      """;

  @Override
  public String title() {
    return "Policies that allow web and reviews restore the shop, for exactly these identities";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    long start = System.nanoTime();
    findings.did(stage.yaml().add("80-allow.yaml", POLICIES));
    boolean restored =
        Polling.until(LONGEST, () -> Page.get(stage, "web", Page.OWN).startsWith("200"));
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    findings.check(
        restored,
        restored
            ? "the shop's page is back, seen " + millis + " ms after the change"
            : "the shop's page: " + Texts.shortened(Page.get(stage, "web", Page.OWN)));
    LoopCounts counts = stage.requests("web", Page.OWN, 2);
    findings.check(counts.clean(), "web -> details, web -> reviews -> ratings, " + counts);
    String other = Page.get(stage, "ratings", "http://details:8080/");
    findings.check(
        Page.isRefused(other),
        "ratings -> details, which nobody allowed: " + Texts.shortened(other));
  }
}
