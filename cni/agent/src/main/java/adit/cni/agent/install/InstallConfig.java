package adit.cni.agent.install;

import java.nio.file.Path;

/// What is installed on the node, and where.
///
/// @param plugins directory of the runtime's plugins
/// @param networks directory of the runtime's network configurations
/// @param style how the plugin gets into the node's network
/// @param confName the configuration to chain to, or empty for the first of the directory
/// @param ownName the file of style `OWN` and `ALONE`
/// @param dist directory that holds the linked plugin; linked by the agent itself when it is not
///   there
/// @param entry what the plugin is told
public record InstallConfig(
    Mounted plugins,
    Mounted networks,
    Style style,
    String confName,
    String ownName,
    Path dist,
    PluginEntry entry) {
  /// How the plugin gets into the node's network.
  public enum Style {
    /// Its entry is appended to the node's configuration, and again whenever that is rewritten.
    CHAINED,
    /// A configuration of our own, that of the node with the entry appended, comes first; the
    /// node's stays untouched.
    OWN,
    /// A configuration of its own, for runtimes that chain by other means (Multus).
    ALONE
  }

  /// Where the state file is on the node: beside the plugin, where it survives a reboot and does
  /// not make the runtime read its configurations again.
  public static Path stateFile(Path plugins) {
    return plugins.resolve("adit-cni.state");
  }

  /// The state file as the agent sees it.
  public Path stateFile() {
    return stateFile(plugins.here());
  }
}
