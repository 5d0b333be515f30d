package adit.cni.agent.rules;

import adit.linux.Netns;
import adit.linux.Sysctl;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/// Everything that the agent writes into a pod's network namespace. Calls block for some tens of
/// milliseconds (they run `nft` and `ip`); any platform thread, one call at a time for one
/// namespace.
public final class PodRules {
  /// Connections that wait in the queue of a closing listener move to its successor on the same
  /// port.
  private static final String MIGRATE = "net.ipv4.tcp_migrate_req";

  private final ProbeSource probes;
  private final KernelTable tables = new KernelTable();

  /// @param probes where health probes come from
  public PodRules(ProbeSource probes) {
    this.probes = probes;
  }

  /// Prepares what the proxy's listeners rely on: to be called before the proxy is told about the
  /// pod.
  public void prepare(Netns netns) throws IOException {
    try {
      Sysctl.write(netns, MIGRATE, "1");
    } catch (NoSuchFileException e) {
      // A kernel before 5.14: a restart of the proxy may refuse a few connections there, nothing
      // else depends on it.
      return;
    }
  }

  /// Starts capturing, or brings capturing into the wanted form. Routes come first: rules without
  /// them would lose replies.
  public void write(Netns netns, PodOptions options) throws IOException {
    PolicyRoutes.write(netns, options);
    tables.write(netns, PodTable.of(options, probes));
  }

  /// In what the namespace differs from the wanted form, a sentence each; empty when it does not.
  public List<String> differences(Netns netns, PodOptions options) throws IOException {
    List<String> differences = new ArrayList<>(PolicyRoutes.differences(netns, options));
    String table = tables.differenceOrNull(netns, PodTable.of(options, probes));
    if (table != null) {
      differences.add(table);
    }
    return differences;
  }

  /// Stops capturing. Connections through the proxy lose their way with it. What is not there is
  /// fine.
  public void delete(Netns netns) throws IOException {
    Nft.delete(netns, PodTable.NAME);
    PolicyRoutes.delete(netns);
  }

  /// Whether the namespace holds a table of ours.
  public static boolean isCaptured(Netns netns) throws IOException {
    return Nft.listOrNull(netns, PodTable.NAME) != null;
  }
}
