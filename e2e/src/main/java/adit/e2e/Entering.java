package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/// Into the mesh and out of it.
///
/// @param cluster the cluster
/// @param user who types
/// @param tag of the images
record Entering(Cluster cluster, UsersCommand user, String tag) {
  static final String WEB = "http://web.bookshop/";
  private static final String MODE = "istio.io/dataplane-mode";
  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration CAPTURE = Duration.ofSeconds(15);
  private static final int LOOP_SECONDS = 20;

  List<Journey> journeys() {
    return List.of(
        new Journey("check --pre", true, this::check),
        new Journey("install", true, this::install),
        new Journey("bookshop", true, this::bookshop),
        new Journey("label", true, this::label),
        new Journey("identity", true, this::identity),
        new Journey("check", true, () -> lastLine(user.adit("check"))));
  }

  List<Journey> leaving() {
    return List.of(
        new Journey("unlabel, label", true, this::relabel),
        new Journey("uninstall", false, this::uninstall));
  }

  private static String lastLine(String text) {
    return text.substring(text.lastIndexOf('\n') + 1);
  }

  private String check() throws Exception {
    return lastLine(user.adit("check", "--pre"));
  }

  private String install() throws Exception {
    String out = user.adit("install", "-y", "--set", "tag=" + tag);
    if (!out.contains("✔ Installation complete")) {
      throw new JourneyFailed("no \"✔ Installation complete\" in: " + out);
    }
    return String.format(
        Locale.ROOT, "%d pods of the mesh are ready", cluster.pods(Cluster.MESH).size());
  }

  private String bookshop() throws Exception {
    cluster.applyFiles(user.home().resolve(Path.of("samples", "bookshop", "mesh")));
    cluster.awaitDeployments(Cluster.SHOP, START);
    cluster.awaitDeployments(Cluster.OUTSIDE, START);
    Cluster.Ended page = cluster.exec(Cluster.OUTSIDE, "client", "bookshop", "client", "get", WEB);
    if (page.exit() != 0) {
      throw new JourneyFailed("the page of the shop: " + page.out().strip());
    }
    return String.format(
        Locale.ROOT, "%d pods, the page is answered", cluster.pods(Cluster.SHOP).size());
  }

  private String label() throws Exception {
    int before = Cluster.restarts(cluster.pods(Cluster.SHOP));
    CompletableFuture<LoopResult> loop = cluster.loop("ratings", WEB, "new", LOOP_SECONDS);
    cluster.label(Cluster.SHOP, MODE, "ambient");
    Duration took =
        Cluster.await(
            "all pods captured",
            CAPTURE,
            () -> cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::captured));
    String counts = loop.join().flawless();
    int restarts = Cluster.restarts(cluster.pods(Cluster.SHOP)) - before;
    if (restarts != 0) {
      throw new JourneyFailed(restarts + " containers were started again (expected: 0)");
    }
    return String.format(
        Locale.ROOT, "captured after %.1f s, %s, RESTARTS 0", took.toMillis() / 1e3, counts);
  }

  /// Both ends' log lines say who spoke with whom, and over which port.
  private String identity() throws Exception {
    Cluster.Ended page = cluster.exec(Cluster.SHOP, "ratings", "bookshop", "client", "get", WEB);
    if (page.exit() != 0) {
      throw new JourneyFailed("the page of the shop: " + page.out().strip());
    }
    Duration took =
        Cluster.await(
            "the line of the connection from ratings to web",
            Duration.ofSeconds(10),
            () ->
                cluster
                    .logs("ztunnel", 30)
                    .lines()
                    .anyMatch(line ->
                        line.contains("/ns/bookshop/sa/ratings")
                            && line.contains("/ns/bookshop/sa/web")
                            && line.contains(":15008")));
    return String.format(
        Locale.ROOT,
        "HBONE on 15008 from .../sa/ratings to .../sa/web, told after %d ms",
        took.toMillis());
  }

  private String relabel() throws Exception {
    CompletableFuture<LoopResult> loop = cluster.loop("ratings", WEB, "new", LOOP_SECONDS);
    cluster.label(Cluster.SHOP, MODE, null);
    Cluster.await(
        "no pod captured",
        CAPTURE,
        () -> cluster.pods(Cluster.SHOP).stream().noneMatch(Cluster::captured));
    cluster.label(Cluster.SHOP, MODE, "ambient");
    Cluster.await(
        "all pods captured",
        CAPTURE,
        () -> cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::captured));
    return loop.join().flawless();
  }

  private String uninstall() throws Exception {
    String out = user.adit("uninstall", "-y");
    if (!out.contains("✔ Uninstall complete")) {
      throw new JourneyFailed("no \"✔ Uninstall complete\" in: " + out);
    }
    List<Pod> left = cluster.pods(Cluster.MESH);
    if (!left.isEmpty()) {
      throw new JourneyFailed(left.size() + " pods are left in " + Cluster.MESH);
    }
    int nodes = cluster.client().nodes().list().getItems().size();
    cluster.scale(Cluster.SHOP, "web", 3 * nodes);
    cluster.awaitDeployments(Cluster.SHOP, Duration.ofSeconds(60));
    long used =
        cluster.pods(Cluster.SHOP, "app", "web").stream()
            .map(pod -> pod.getSpec().getNodeName())
            .distinct()
            .count();
    cluster.scale(Cluster.SHOP, "web", 1);
    return String.format(
        Locale.ROOT,
        "new pods start on %d of %d nodes, %s",
        used,
        nodes,
        cluster.loop("ratings", WEB, "new", 5).join().flawless());
  }
}
