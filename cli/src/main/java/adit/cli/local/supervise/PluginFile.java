package adit.cli.local.supervise;

import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;

/// The CNI plugin with its own runtime, as it is installed on a node: kept in the build's
/// directory, made anew when the plugin was built anew.
final class PluginFile {
  private static final String INSTALLER = "adit.cni.agent.install.InstallPlugin";
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private PluginFile() {}

  /// The executable.
  ///
  /// @param home the tree that was built
  static Path install(Path home) throws IOException {
    Path directory = home.resolve("target").resolve("cni");
    Path plugin = directory.resolve("adit-cni");
    if (!Files.isExecutable(plugin) || built(home) > modified(plugin)) {
      String classes =
          Command.of(home.resolve("adit").toString(), "classpath", "cni-agent").output();
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      Completed done =
          Command.of(
                  java,
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  classes.strip(),
                  INSTALLER,
                  directory.toString())
              .within(LONGEST)
              .run();
      if (done.exit() != 0) {
        throw new IOException("cannot install the CNI plugin: " + done.err().strip());
      }
    }
    return plugin;
  }

  private static long built(Path home) throws IOException {
    try (Stream<Path> jars = Files.list(home.resolve("cni/plugin/target"))) {
      return jars.filter(jar -> jar.toString().endsWith(".jar"))
          .map(PluginFile::modified)
          .max(Comparator.naturalOrder())
          .orElse(Long.MAX_VALUE);
    }
  }

  private static long modified(Path file) {
    return file.toFile().lastModified();
  }
}
