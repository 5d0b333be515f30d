package adit.cli.local.plan;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The scheduler: spreads the pods of one application, then all pods, evenly over the nodes.
public final class Placement {
  private static final String HOSTNAME = "kubernetes.io/hostname";

  private Placement() {}

  /// The node for one more pod, or null when the selector names none of the nodes.
  ///
  /// @param labels labels of the new pod
  /// @param selector its `nodeSelector`
  /// @param nodes names of all nodes
  /// @param pods all pods that are there
  public static @Nullable String nodeOrNull(
      Map<String, String> labels,
      Map<String, String> selector,
      List<String> nodes,
      List<PodFacts> pods) {
    String app = labels.getOrDefault("app", "");
    List<PodFacts> live = pods.stream().filter(pod -> !pod.state().terminating()).toList();
    return nodes.stream()
        .filter(node -> selector.getOrDefault(HOSTNAME, node).equals(node))
        .min(
            Comparator.<String>comparingLong(node ->
                    live.stream()
                        .filter(pod -> pod.spec().nodeName().equals(node))
                        .filter(pod -> pod.labels().getOrDefault("app", "").equals(app))
                        .count())
                .thenComparingLong(
                    node -> live.stream().filter(pod -> pod.spec().nodeName().equals(node)).count())
                .thenComparing(Comparator.naturalOrder()))
        .orElse(null);
  }
}
