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
  static final Duration START = Duration.ofMinutes(4);
  static final String WEB = "http://web.bookshop/";
  private static final String MODE = "istio.io/dataplane-mode";
  private static final Duration CAPTURE = Duration.ofSeconds(15);
  private static final Duration WELL = Duration.ofSeconds(60);

  /// Names of images, as they were built: `HUB/ztunnel:TAG`.
  ///
  /// @param hub a registry and a path in it
  /// @param tag of all of them
  record Images(String hub, String tag) {
    static final String HUB = "adit";
    static final String TAG = "dev";

    static Images of(Map<String, String> environment) {
      return new Images(
          environment.getOrDefault("ADIT_IMAGE_HUB", HUB),
          environment.getOrDefault("ADIT_IMAGE_TAG", TAG));
    }

    String bookshop() {
      return hub + "/bookshop:" + tag;
    }

    String agent() {
      return hub + "/install-cni:" + tag;
    }

    /// Manifests with these images in place of those that they were written with.
    String in(String manifests) {
      return manifests.replaceAll(
          "image: " + HUB + "/([a-z-]+):" + TAG, "image: " + hub + "/$1:" + tag);
    }
  }

  /// Before there is a mesh.
  List<Journey> first() {
    return List.of(
        new Journey("check --pre", true, this::check),
        new Journey("bookshop", true, this::bookshop));
  }

  List<Journey> journeys() {
    return List.of(
        new Journey("install", true, this::install),
        new Journey("label", true, this::label),
        new Journey("identity", true, this::identity),
        new Journey("only 15008", true, () -> new Wire(nodes()).watch()),
        new Journey("check", true, this::well));
  }

  List<Journey> leaving() {
    return List.of(
        new Journey("RESTARTS", true, this::restarts),
        new Journey("unlabel, label", true, this::relabel));
  }

  Journey last() {
    return new Journey("uninstall", false, this::uninstall);
  }

  Nodes nodes() {
    return new Nodes(cluster, images.agent());
  }

  private static String lastLine(String text) {
    return text.substring(text.lastIndexOf('\n') + 1);
  }

  private String check() throws Exception {
    return lastLine(user.adit("check", "--pre"));
  }

  /// Looks again for a while: on a busy machine a probe's answer comes late now and then.
  private String well() throws Exception {
    String[] said = {""};
    Cluster.await(
        "adit check is content",
        WELL,
        () -> {
          try {
            said[0] = user.adit("check");
            return true;
          } catch (JourneyFailed e) {
            said[0] = String.valueOf(e.getMessage());
            return false;
          }
        },
        () -> said[0]);
    return lastLine(said[0]);
  }

  private String install() throws Exception {
    String out =
        user.adit("install", "-y", "--set", "hub=" + images.hub(), "--set", "tag=" + images.tag());
    if (!out.contains("✔ Installation complete")) {
      throw new JourneyFailed("no \"✔ Installation complete\" in: " + out);
    }
    return installed();
  }

  /// Waits until everything that was installed is ready.
  String installed() throws Exception {
    cluster.awaitMesh(START);
    return String.format(
        Locale.ROOT, "%d pods of the mesh are ready", cluster.pods(Cluster.MESH).size());
  }

  /// With pods of this run: what a former one has left was started again, labelled, bound.
  private String bookshop() throws Exception {
    cluster.deleteNamespace(Cluster.SHOP);
    cluster.deleteNamespace(Cluster.OUTSIDE);
    var _ =
        Cluster.await(
            "the shop of a former run is gone",
            START,
            () -> !cluster.exists(Cluster.SHOP) && !cluster.exists(Cluster.OUTSIDE));
    cluster.applyFiles(
        user.home().resolve(Path.of("samples", "bookshop", "mesh")),
        new Images(Images.HUB, Images.TAG).bookshop(),
        images.bookshop());
    cluster.awaitDeployments(Cluster.SHOP, START);
    cluster.awaitDeployments(Cluster.OUTSIDE, START);
    // The nodes hear of ready pods a moment after the Deployments do.
    var _ =
        Cluster.await(
            "the page of the shop",
            Duration.ofSeconds(20),
            () ->
                cluster.exec(Cluster.OUTSIDE, "client", "bookshop", "client", "get", WEB).exit()
                    == 0);
    return String.format(
        Locale.ROOT, "%d pods, the page is answered", cluster.pods(Cluster.SHOP).size());
  }

  /// Takes the shop out of the mesh.
  void outside() throws Exception {
    if (!cluster.exists(Cluster.SHOP)) {
      return;
    }
    cluster.label(Cluster.SHOP, MODE, null);
    if (!cluster.exists(Cluster.MESH)) {
      // Nobody is there to withdraw what Helm's uninstall has left on the pods.
      return;
    }
    Cluster.await(
        "no pod captured",
        CAPTURE,
        () -> cluster.pods(Cluster.SHOP).stream().noneMatch(Cluster::captured));
  }

  String label() throws Exception {
    outside();
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
  String identity() throws Exception {
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

  Duration awaitCaptured() throws Exception {
    return Cluster.await(
        "all pods captured",
        CAPTURE,
        () -> cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::captured));
  }

  private String relabel() throws Exception {
    return UnderLoad.of(cluster, "new")
        .during(() -> {
          outside();
          cluster.label(Cluster.SHOP, MODE, "ambient");
          var _ = awaitCaptured();
        });
  }

  /// What has run since the start of the run without a fault has not been started again.
  private String restarts() throws Exception {
    List<String> restarted =
        cluster.pods(Cluster.SHOP).stream()
            .filter(pod -> Cluster.restarts(List.of(pod)) > 0)
            .map(pod -> pod.getMetadata().getName())
            .toList();
    if (!restarted.isEmpty()) {
      throw new JourneyFailed("containers were started again: " + restarted);
    }
    return cluster.pods(Cluster.SHOP).size() + " pods of the shop, RESTARTS 0";
  }

  /// The one removal that takes the agent's rights away after the agent: only here can it also
  /// withdraw what it wrote on pods.
  private String uninstall() throws Exception {
    String counts =
        left(() -> {
          String out = user.adit("uninstall", "-y", "--purge");
          if (!out.contains("✔ Uninstall complete")) {
            throw new JourneyFailed("no \"✔ Uninstall complete\" in: " + out);
          }
        });
    long captured = cluster.pods(Cluster.SHOP).stream().filter(Cluster::captured).count();
    if (captured > 0) {
      throw new JourneyFailed(captured + " pods say that they are captured");
    }
    return counts;
  }

  /// Removes the mesh under load, and looks that new pods start everywhere and nothing is left.
  String left(UnderLoad.Change removal) throws Exception {
    Remains remains = Remains.of(nodes());
    Duration[] started = {Duration.ZERO};
    String counts =
        UnderLoad.of(cluster, "new")
            .during(() -> {
              removal.make();
              started[0] = cluster.startsOnEveryNode(Cluster.SHOP, Duration.ofSeconds(60));
            });
    List<Pod> pods = cluster.pods(Cluster.MESH);
    if (!pods.isEmpty()) {
      throw new JourneyFailed(pods.size() + " pods are left in " + Cluster.MESH);
    }
    Duration clean = remains.awaitNone();
    return String.format(
        Locale.ROOT,
        "new pods start on %d nodes after %.1f s; nothing left after %.1f s; %s",
        remains.nodes().names().size(),
        started[0].toMillis() / 1e3,
        clean.toMillis() / 1e3,
        counts);
  }
}
