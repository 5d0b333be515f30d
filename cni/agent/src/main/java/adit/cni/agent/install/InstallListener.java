package adit.cni.agent.install;

import java.nio.file.Path;

/// Hears of what happens to the installation on the node. One thread.
public interface InstallListener {
  /// The plugin was missing, damaged or of another version, and is in place now.
  ///
  /// @param plugin on the node
  void pluginInstalled(Path plugin);

  /// The plugin's entry was missing in the node's network configuration and is there now.
  ///
  /// @param file the configuration
  /// @param strife whether that was the case often of late: somebody else writes the file
  void chained(Path file, boolean strife);

  /// Plugin and entry are in place.
  ///
  /// @param file the configuration
  void inPlace(Path file);

  /// There is nothing to chain to yet.
  void waiting(String reason);

  /// Something could not be written; it is tried again.
  void failed(String reason);
}
