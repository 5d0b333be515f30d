package adit.cni.agent.rules;

import adit.linux.Netns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Everything that the agent writes into a pod's network namespace. Calls block for some
/// milliseconds (for some tens where `nft` has to be started as a program); any platform thread,
/// one call at a time for one namespace.
public final class PodRules {
  /// Connections that wait in the queue of a closing listener move to its successor on the same
  /// port.
  private static final String MIGRATE = "ipv4/tcp_migrate_req";

  private final ProbeSource probes;
  private final Path parameter;
  private final KernelTable tables = new KernelTable();

  /// Where the agent is not in a container.
  ///
  /// @param probes where health probes come from
  public PodRules(ProbeSource probes) {
    this(probes, Path.of("/"));
  }

  /// In a container `/proc/sys` is read-only, and what the host mounts for it is used.
  ///
  /// @param probes where health probes come from
  /// @param hostRoot the host's file system
  public PodRules(ProbeSource probes, Path hostRoot) {
    this.probes = probes;
    Path mounted = hostRoot.resolve("proc-sys-net");
    this.parameter =
        (Files.isDirectory(mounted) ? mounted : hostRoot.resolve("proc/sys/net")).resolve(MIGRATE);
  }

  /// Prepares what the proxy's listeners rely on: to be called before the proxy is told about the
  /// pod.
  ///
  /// @return what a restart of the proxy will cost in this pod, or null when everything is well
  public @Nullable String prepare(Netns netns) {
    try {
      netns.<Path, IOException>call(() -> Files.writeString(parameter, "1"));
      return null;
    } catch (IOException e) {
      // A kernel before 5.14, or a read-only file system. Nothing else depends on it.
      return "net.ipv4.tcp_migrate_req: not set, so a restart of the proxy may refuse a few connections: "
          + e;
    }
  }

  /// Starts capturing, or brings capturing into the wanted form. Routes come first: rules without
  /// them would lose replies.
  public void write(Netns netns, PodOptions options) throws IOException {
    PolicyRoutes.write(netns, options);
    var _ = tables.write(netns, PodTable.of(options, probes));
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

  /// Stops redirecting new connections; those that pass the proxy keep their way until [#delete].
  public void release(Netns netns) throws IOException {
    var _ = tables.write(netns, PodTable.leaving());
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
