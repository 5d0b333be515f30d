package adit.e2e;

import java.time.Duration;
import java.util.List;

/// What changes under load, and loses nothing.
///
/// @param cluster the cluster
/// @param user who types
/// @param quick whether there is little time
record Changes(Cluster cluster, UsersCommand user, boolean quick) {
  private static final Duration ROLLOUT = Duration.ofMinutes(4);

  /// Together a minute, with what lies between them.
  private static final Duration BEFORE = Duration.ofSeconds(20);

  private static final Duration AFTER = Duration.ofSeconds(40);

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
        new Journey("adit upgrade", false, () -> underLoad(this::upgrade)),
        new Journey("rollout of deploy/web", true, () -> underLoad(this::web)));
  }

  /// Three kinds of load around the change: new connections, one kept alive, and a fixed rate.
  private String underLoad(UnderLoad.Change change) throws Exception {
    UnderLoad load = UnderLoad.all(cluster);
    return (quick ? load : load.within(BEFORE, AFTER)).during(change);
  }

  private void scale() throws Exception {
    cluster.scale(Cluster.SHOP, "web", 3);
    cluster.awaitDeployments(Cluster.SHOP, ROLLOUT);
  }

  private void web() throws Exception {
    cluster.restartDeployment(Cluster.SHOP, "web");
    cluster.awaitDeployments(Cluster.SHOP, ROLLOUT);
  }

  /// To settings that let every pod of the mesh be replaced.
  private void upgrade() throws Exception {
    String out = user.adit("upgrade", "-y", "--set", "logLevel=info,access:info");
    if (!out.contains("✔ Installation complete")) {
      throw new JourneyFailed("no \"✔ Installation complete\" in: " + out);
    }
    cluster.awaitMesh(ROLLOUT);
  }

  private void istiod() throws Exception {
    cluster.restartDeployment(Cluster.MESH, "istiod");
    cluster.awaitDeployments(Cluster.MESH, ROLLOUT);
  }
}
