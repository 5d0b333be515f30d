package adit.cli.demo.step;

import adit.cli.demo.stage.Stage;
import adit.cli.local.run.Polling;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A route sends a tenth of the requests to another version.
public final class Split implements Step {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final String REVIEWS = "http://reviews:8080/";
  private static final Pattern VERSION = Pattern.compile("\"version\":\"(v\\d)\"");

  /// Of these a tenth is 30; less than 12 or more than 48 happens once in some thousand runs.
  private static final int MANY = 300;

  private static final int FEWEST = 12;
  private static final int MOST = 48;
  private static final String ROUTE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v1, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v1}
        ports: [{name: http, port: 8080, targetPort: http}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v2, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v2}
        ports: [{name: http, port: 8080, targetPort: http}]
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: reviews, namespace: bookshop}
      spec:
        parentRefs: [{group: "", kind: Service, name: reviews, port: 8080}]
        rules:
        - backendRefs:
          - {name: reviews-v1, port: 8080, weight: 90}
          - {name: reviews-v2, port: 8080, weight: 10}
      """;

  @Override
  public String title() {
    return "An HTTPRoute sends nine requests of ten to v1 of reviews and one to v2";
  }

  @Override
  public void run(Stage stage, Findings findings) throws IOException, InterruptedException {
    findings.did(stage.yaml().add("90-split.yaml", ROUTE));
    boolean routed =
        Polling.until(
            LONGEST, () -> !counts(gets(stage, 30)).containsKey("v3") && asked(stage) > 0);
    findings.check(routed, "v3, which the route does not name, is not asked any more");
    Map<String, Integer> counts = counts(gets(stage, MANY));
    int second = counts.getOrDefault("v2", 0);
    boolean all = second + counts.getOrDefault("v1", 0) == MANY;
    findings.check(all && second >= FEWEST && second <= MOST, MANY + " requests of web: " + counts);
  }

  private static int asked(Stage stage) throws IOException {
    return counts(gets(stage, 1)).size();
  }

  private static List<String> gets(Stage stage, int times) throws IOException {
    try {
      return stage.gets("web", REVIEWS, "--times", Integer.toString(times));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static Map<String, Integer> counts(List<String> lines) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String line : lines) {
      Matcher version = VERSION.matcher(line);
      if (version.find()) {
        counts.merge(version.group(1), 1, Integer::sum);
      }
    }
    return counts;
  }
}
