package adit.cli.local.supervise;

import adit.cli.local.run.Instance;
import java.nio.file.Path;

/// What the user asked for.
///
/// @param instance its name and state
/// @param directory the user's YAML
/// @param nodes how many nodes
/// @param caDirectory where the CA keeps its root; outlives the instance if it lies elsewhere
/// @param home the tree that the programs are started from
/// @param mesh whether the mesh's programs run; without them pods are pods
public record Options(
    Instance instance, Path directory, int nodes, Path caDirectory, Path home, boolean mesh) {
  private static final int MOST_NODES = 16;

  /// Checks the number.
  public Options {
    if (nodes < 1 || nodes > MOST_NODES) {
      throw new IllegalArgumentException(
          "nodes: " + nodes + " (expected: 1 to " + MOST_NODES + ")");
    }
  }
}
