package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Into the mesh and out of it.
///
/// @param cluster the cluster
/// @param user who types
/// @param images how the images are called
record Entering(Cluster cluster, UsersCommand user, Images images) {
  static final String WEB = "http://web.bookshop/";
  private static final String MODE = "istio.io/dataplane-mode";
  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration CAPTURE = Duration.ofSeconds(15);

  /// Names of images, as they were built: `HUB/ztunnel:TAG`.
  ///
  /// @param hub a registry and a path in it
  /// @param tag of all of them
  record Images(String hub, String tag) {
    private static final String HUB = "adit";
    private static final String TAG = "dev";

    static Images of(Map<String, String> environment) {
      return new Images(
          environment.getOrDefault("ADIT_IMAGE_HUB", HUB),
          environment.getOrDefault("ADIT_IMAGE_TAG", TAG));
    }

    String bookshop() {
      return hub + "/bookshop:" + tag;
    }
  }

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
    String out =
        user.adit("install", "-y", "--set", "hub=" + images.hub(), "--set", "tag=" + images.tag());
    if (!out.contains("✔ Installation complete")) {
      throw new JourneyFailed("no \"✔ Installation complete\" in: " + out);
    }
    return String.format(
        Locale.ROOT, "%d pods of the mesh are ready", cluster.pods(Cluster.MESH).size());
  }

  private String bookshop() throws Exception {
    cluster.applyFiles(
        user.home().resolve(Path.of("samples", "bookshop", "mesh")),
        new Images(Images.HUB, Images.TAG).bookshop(),
        images.bookshop());
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
    Duration[] took = {Duration.ZERO};
    String counts =
        UnderLoad.of(cluster, "new")
            .during(() -> {
              cluster.label(Cluster.SHOP, MODE, "ambient");
              took[0] = awaitCaptured();
            });
    int restarts = Cluster.restarts(cluster.pods(Cluster.SHOP)) - before;
    if (restarts != 0) {
      throw new JourneyFailed(restarts + " containers were started again (expected: 0)");
    }
    return String.format(
        Locale.ROOT, "captured after %.1f s, %s, RESTARTS 0", took[0].toMillis() / 1e3, counts);
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

  private Duration awaitCaptured() throws Exception {
    return Cluster.await(
        "all pods captured",
        CAPTURE,
        () -> cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::captured));
  }

  private String relabel() throws Exception {
    return UnderLoad.of(cluster, "new")
        .during(() -> {
          cluster.label(Cluster.SHOP, MODE, null);
          Cluster.await(
              "no pod captured",
              CAPTURE,
              () -> cluster.pods(Cluster.SHOP).stream().noneMatch(Cluster::captured));
          cluster.label(Cluster.SHOP, MODE, "ambient");
          var _ = awaitCaptured();
        });
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
        UnderLoad.of(cluster, "new").during(() -> {}));
  }
}
