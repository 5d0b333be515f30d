package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// What happens to nodes and to what runs on them.
///
/// @param entering what is the same everywhere
/// @param reboot a command of the user's that power-cycles a node, which is its last word; empty:
///   there is none
record NodeFaults(Entering entering, String reboot) {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration BACK = Duration.ofMinutes(5);
  private static final String AGENT = "istio-cni-node";

  List<Journey> journeys() {
    return List.of(
        new Journey("pod without agent", false, this::away),
        new Journey("node reboot", false, this::reboots));
  }

  /// A pod of the mesh that starts while the agent is away waits for it; every other pod starts.
  private String away() throws Exception {
    Cluster cluster = entering.cluster();
    int before = cluster.pods(Cluster.SHOP, "app", "web").size();
    String counts =
        UnderLoad.all(cluster)
            .during(() -> {
              cluster.selectNodes(AGENT, "adit.io/e2e", "nowhere");
              try {
                Cluster.await(
                    "no node agent", SOON, () -> cluster.pods(Cluster.MESH, AGENT).isEmpty());
                cluster.scale(Cluster.SHOP, "web", before + 1);
                awaitsAgent(cluster);
                cluster.startsOnEveryNode(Cluster.OUTSIDE, SOON);
              } finally {
                cluster.selectNodes(AGENT, "adit.io/e2e", null);
              }
              cluster.awaitMesh(Entering.START);
              cluster.awaitDeployments(Cluster.SHOP, Entering.START);
              var _ = entering.awaitCaptured();
            });
    cluster.scale(Cluster.SHOP, "web", before);
    cluster.awaitDeployments(Cluster.SHOP, Entering.START);
    return "the pod of the mesh waited and was captured, others started; " + counts;
  }

  private static void awaitsAgent(Cluster cluster) throws Exception {
    Cluster.await(
        "an Event that the pod waits for the agent",
        SOON,
        () ->
            cluster.messages(Cluster.SHOP, "FailedCreatePodSandBox").stream()
                .anyMatch(message -> message.contains("node agent is away")));
    for (Pod pod : cluster.pods(Cluster.SHOP, "app", "web")) {
      if (Cluster.ready(pod) && !Cluster.captured(pod)) {
        throw new JourneyFailed(pod.getMetadata().getName() + " has started without the mesh");
      }
    }
  }

  private String reboots() throws Exception {
    if (reboot.isEmpty()) {
      throw new JourneySkipped("no command in ADIT_NODE_REBOOT");
    }
    Cluster cluster = entering.cluster();
    Nodes nodes = entering.nodes();
    nodes.await();
    String node = cluster.pods(Cluster.SHOP, "app", "web").getFirst().getSpec().getNodeName();
    long start = System.nanoTime();
    int before = Cluster.restarts(cluster.pods(Cluster.SHOP));
    String _ = entering.user().shell(reboot, node);
    Cluster.await(
        "the pods of " + node + " were started again",
        BACK,
        () -> Cluster.restarts(cluster.pods(Cluster.SHOP)) > before);
    cluster.awaitMesh(BACK);
    cluster.awaitDeployments(Cluster.SHOP, BACK);
    var _ = entering.awaitCaptured();
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    nodes.await();
    long there =
        cluster.pods(Cluster.SHOP).stream()
            .filter(pod -> node.equals(pod.getSpec().getNodeName()))
            .count();
    int ruled = Remains.of(nodes).captured(node);
    if (ruled != there) {
      throw new JourneyFailed(ruled + " pods of " + node + " have rules (expected: " + there + ")");
    }
    return String.format(
        Locale.ROOT,
        "%s: %d pods captured again after %.0f s, all with rules; %s",
        node,
        there,
        took.toMillis() / 1e3,
        entering.identity());
  }
}
