package adit.cli.local.supervise;

import adit.cli.local.run.Instance;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What the user asked for.
///
/// @param instance its name and state
/// @param directory the user's YAML
/// @param nodes how many nodes
/// @param caDirectory where the CA keeps its root; outlives the instance if it lies elsewhere
/// @param home the tree that the programs are started from
/// @param mesh whether the mesh's programs run; without them pods are pods
/// @param nodeProxy command of the nodes' proxy; empty: ours
public record Options(
    Instance instance,
    Path directory,
    int nodes,
    Path caDirectory,
    Path home,
    boolean mesh,
    List<String> nodeProxy) {
  private static final int MOST_NODES = 16;

  /// The variable that names another proxy for the nodes: a command that takes ztunnel's
  /// environment (`NODE_NAME` tells the nodes apart) and speaks to a node agent as ztunnel does.
  /// Its words are separated by spaces.
  public static List<String> nodeProxy(Map<String, String> environment) {
    String command = environment.getOrDefault("ADIT_ZTUNNEL", "").strip();
    return command.isEmpty() ? List.of() : List.of(command.split("\\s+"));
  }

  /// Checks the number.
  public Options {
    if (nodes < 1 || nodes > MOST_NODES) {
      throw new IllegalArgumentException(
          "nodes: " + nodes + " (expected: 1 to " + MOST_NODES + ")");
    }
    nodeProxy = List.copyOf(nodeProxy);
  }
}
