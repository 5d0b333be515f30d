package adit.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What changes under load, and loses nothing.
///
/// @param cluster the cluster
/// @param seconds how long the load is
record Changes(Cluster cluster, int seconds) {
  private static final Duration ROLLOUT = Duration.ofMinutes(4);

  List<Journey> journeys() {
    return List.of(
        new Journey("scale to 3", true, () -> underLoad(this::scale)),
        new Journey(
            "restart ds/ztunnel",
            true,
            () -> underLoad(() -> cluster.restartDaemonSet("ztunnel", ROLLOUT))),
        new Journey(
            "restart ds/istio-cni-node",
            false,
            () -> underLoad(() -> cluster.restartDaemonSet("istio-cni-node", ROLLOUT))),
        new Journey("restart deploy/istiod", false, () -> underLoad(this::istiod)),
        new Journey("rollout of deploy/web", true, () -> underLoad(this::web)));
  }

  /// A change.
  private interface Change {
    void make() throws Exception;
  }

  /// Three kinds of load around the change: new connections, one kept alive, and a fixed rate.
  private String underLoad(Change change) throws Exception {
    List<CompletableFuture<LoopResult>> loops = new ArrayList<>();
    for (String mode : List.of("new", "keepalive", "open")) {
      loops.add(cluster.loop("ratings", Entering.WEB, mode, seconds));
    }
    change.make();
    List<String> results = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (CompletableFuture<LoopResult> loop : loops) {
      LoopResult result = loop.join();
      try {
        results.add(result.flawless());
      } catch (JourneyFailed e) {
        failures.add(String.valueOf(e.getMessage()));
      }
    }
    if (!failures.isEmpty()) {
      throw new JourneyFailed(String.join("; ", failures));
    }
    return String.join("; ", results);
  }

  private void scale() throws Exception {
    cluster.scale(Cluster.SHOP, "web", 3);
    cluster.awaitDeployments(Cluster.SHOP, ROLLOUT);
  }

  private void web() throws Exception {
    cluster.restartDeployment(Cluster.SHOP, "web");
    cluster.awaitDeployments(Cluster.SHOP, ROLLOUT);
  }

  private void istiod() throws Exception {
    cluster.restartDeployment(Cluster.MESH, "istiod");
    cluster.awaitDeployments(Cluster.MESH, ROLLOUT);
  }
}
