package adit.cni.agent.rules;

import adit.linux.Netns;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the agent writes into the node's own network namespace, so that probes from the node reach
/// captured pods. Any platform thread; calls exclude each other.
public final class ProbeRules {
  private final Netns node;
  private final ProbeSource probes;
  private final int uid;
  private final KernelTable tables = new KernelTable();
  private Table written = ProbeTable.of(Map.of(), ProbeSource.DEFAULT, 0);

  /// @param node the node's namespace; stays owned by the caller
  /// @param probes the source address that probes get
  /// @param uid user that the kubelet runs as
  public ProbeRules(Netns node, ProbeSource probes, int uid) {
    this.node = node;
    this.probes = probes;
    this.uid = uid;
  }

  /// Makes exactly these pods reachable for probes.
  ///
  /// @param pods pod UIDs by address
  public synchronized void write(Map<InetAddress, String> pods) throws IOException {
    Table table = ProbeTable.of(pods, probes, uid);
    if (table.equals(written) && differenceOrNull() == null) {
      return;
    }
    Table former = written;
    var _ = tables.write(node, table);
    written = table;
    if (!former.equals(table)) {
      tables.forget(former);
    }
  }

  /// In what the node's table differs from what was written last, or null when it does not.
  public synchronized @Nullable String differenceOrNull() throws IOException {
    return tables.differenceOrNull(node, written);
  }

  /// Writes again what was written last.
  public synchronized void repair() throws IOException {
    var _ = tables.write(node, written);
  }

  /// Removes the table.
  public synchronized void delete() throws IOException {
    Nft.delete(node, ProbeTable.NAME);
  }
}
