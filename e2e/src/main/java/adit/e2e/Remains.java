package adit.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// What a mesh may leave on nodes: rules, routes, the plugin and its entry, sockets.
///
/// @param nodes the nodes
/// @param binaries where they keep CNI plugins
/// @param configurations where they keep CNI configuration
record Remains(Nodes nodes, String binaries, String configurations) {
  private static final Duration SOON = Duration.ofSeconds(60);

  /// As the installed node agent has it.
  static Remains of(Nodes nodes) throws Exception {
    Cluster cluster = nodes.cluster();
    nodes.await();
    return new Remains(
        nodes,
        cluster.hostPath("istio-cni-node", "cni-bin-dir"),
        cluster.hostPath("istio-cni-node", "cni-net-dir"));
  }

  /// Waits until nothing is there any more.
  ///
  /// @return how long that took
  Duration awaitNone() throws Exception {
    long start = System.nanoTime();
    List<String> left = all();
    while (!left.isEmpty()) {
      if (System.nanoTime() - start > SOON.toNanos()) {
        throw new JourneyFailed("left after " + SOON.toSeconds() + " s: " + left);
      }
      left = all();
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /// How many pods of a node have the mesh's rules.
  int captured(String node) throws Exception {
    int count = 0;
    for (String netns : nodes.netns(node)) {
      count += tables(nodes.inPod(node, netns, "nft", "list", "tables")).isEmpty() ? 0 : 1;
    }
    return count;
  }

  /// Everything that is left, a few words each.
  List<String> all() throws Exception {
    List<String> left = new ArrayList<>();
    for (String node : nodes.names()) {
      files(node).forEach(file -> left.add(node + ": " + file));
      for (String table : tables(nodes.inNode(node, "nft", "list", "tables"))) {
        left.add(node + ": " + table);
      }
      for (String netns : nodes.netns(node)) {
        for (String table : tables(nodes.inPod(node, netns, "nft", "list", "tables"))) {
          left.add(node + ": " + netns + ": " + table);
        }
        for (String rule : marked(nodes.inPod(node, netns, "ip", "rule", "list"))) {
          left.add(node + ": " + netns + ": ip rule " + rule);
        }
      }
    }
    return left;
  }

  private List<String> files(String node) throws Exception {
    String script =
        """
        find "$0" -maxdepth 1 -name '*adit*'
        grep -ls adit "$1"/*
        find /run/istio-cni /run/ztunnel -type f -o -type s
        true
        """;
    String text =
        nodes.printed(node, "sh", "-c", "(" + script + ") 2>/dev/null", binaries, configurations);
    return text.lines().filter(line -> !line.isBlank()).toList();
  }

  static List<String> tables(String listed) {
    return listed.lines().filter(line -> line.matches("table \\S+ adit.*")).toList();
  }

  static List<String> marked(String listed) {
    return listed.lines().filter(line -> line.contains("fwmark")).map(String::strip).toList();
  }
}
