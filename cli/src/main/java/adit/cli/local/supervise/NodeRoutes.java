package adit.cli.local.supervise;

import adit.linux.topology.Command;
import adit.linux.topology.FabricNode;
import adit.telemetry.Log;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Puts the rules for service addresses into every node's namespace, in the order in which they
/// were given, without keeping the loop waiting.
final class NodeRoutes implements AutoCloseable {
  private final List<FabricNode> nodes;
  private final Log log;
  private final ExecutorService order =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("routes").factory());
  private String wanted = "";

  NodeRoutes(Collection<FabricNode> nodes, Log log) {
    this.nodes = List.copyOf(nodes);
    this.log = log;
  }

  /// Makes these the rules. Called on the supervisor's loop.
  void become(String rules) {
    if (!rules.equals(wanted)) {
      wanted = rules;
      order.execute(() -> nodes.forEach(node -> apply(node, rules)));
    }
  }

  @Override
  public void close() {
    order.shutdownNow();
  }

  private void apply(FabricNode node, String rules) {
    try {
      Command.of("nft", "-f", "-").reading(rules).in(node.netns()).output();
    } catch (IOException e) {
      log.error("cannot write rules for service addresses", "node", node.name(), "error", e);
    }
  }
}
