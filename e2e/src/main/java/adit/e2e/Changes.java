package adit.e2e;

import java.time.Duration;
import java.util.List;

/// What changes under load, and loses nothing.
///
/// @param cluster the cluster
record Changes(Cluster cluster) {
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

  /// Three kinds of load around the change: new connections, one kept alive, and a fixed rate.
  private String underLoad(UnderLoad.Change change) throws Exception {
    return UnderLoad.of(cluster, "new", "keepalive", "open").during(change);
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
