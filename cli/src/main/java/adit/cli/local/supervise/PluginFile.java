package adit.cli.local.supervise;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the CNI plugin is in a tree that was built.
final class PluginFile {
  private PluginFile() {}

  /// The executable, or null when it was not built.
  static @Nullable Path find(Path home) {
    Path plugin = home.resolve("cni/plugin/target");
    return List.of(plugin.resolve("runtime/bin/adit-cni"), plugin.resolve("adit-cni")).stream()
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }
}
