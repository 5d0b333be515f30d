package adit.cni.agent.install;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/// Copies the plugin and its runtime from where they were linked to the node. One thread at a time.
///
/// @param dist a directory that [InstallPlugin] has filled
/// @param target the node's directory of plugins
record PluginFiles(Path dist, Mounted target) {
  private static final String RUNTIME = InstallPlugin.NAME + "-[0-9a-f]{12}";

  /// Puts everything in place; what is there already is kept.
  ///
  /// @return whether something was missing
  /// @throws IOException it could not be written; a plugin that was there before still works
  boolean ensure() throws IOException {
    Path runtime = runtime();
    String name = runtime.getFileName().toString();
    Path copy = target.here().resolve(name);
    boolean copied = !isIntact(runtime, copy);
    if (copied) {
      copy(runtime, copy);
    }
    String line = PluginRuntime.interpreterLine(target.onNode().resolve(name));
    InstallPlugin.checkInterpreterLine(line, target.onNode());
    Path plugin = target.here().resolve(InstallPlugin.NAME);
    if (copied || !Files.isExecutable(plugin) || !Files.readString(plugin).equals(line)) {
      WholeFiles.write(plugin, line, WholeFiles.mode("rwxr-xr-x"));
      InstallPlugin.removeOld(target.here(), name);
      return true;
    }
    return false;
  }

  /// Takes the plugin and all its runtimes away.
  static void remove(Path directory) throws IOException {
    Files.deleteIfExists(directory.resolve(InstallPlugin.NAME));
    List<Path> runtimes;
    try (Stream<Path> entries = Files.list(directory)) {
      runtimes = entries.filter(entry -> isNamed(entry, RUNTIME)).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path runtime : runtimes) {
      WholeFiles.delete(runtime);
    }
    WholeFiles.deleteLeftovers(directory);
  }

  private Path runtime() throws IOException {
    try (Stream<Path> entries = Files.list(dist)) {
      return entries
          .filter(entry -> isNamed(entry, RUNTIME) && PluginRuntime.isComplete(entry))
          .findFirst()
          .orElseThrow(() -> new NoSuchFileException(dist + ": no plugin (expected: one)"));
    }
  }

  private static boolean isNamed(Path path, String pattern) {
    return path.getFileName().toString().matches(pattern);
  }

  private void copy(Path runtime, Path copy) throws IOException {
    Files.createDirectories(target.here());
    WholeFiles.deleteLeftovers(target.here());
    Path temporary = WholeFiles.temporaryDirectory(target.here());
    try {
      Path fresh = temporary.resolve("runtime");
      for (Path file : tree(runtime)) {
        Path to = fresh.resolve(runtime.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectory(to);
        } else {
          Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
      PluginRuntime.writeOptions(fresh, target.onNode().resolve(runtime.getFileName()));
      for (Path file : tree(fresh)) {
        if (Files.isRegularFile(file)) {
          WholeFiles.force(file);
        }
      }
      WholeFiles.delete(copy);
      Files.move(fresh, copy);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(copy + ": made by somebody else at the same time", e);
    } finally {
      WholeFiles.delete(temporary);
    }
  }

  /// Same files of the same sizes. The options differ in the paths that are in them.
  private boolean isIntact(Path runtime, Path copy) throws IOException {
    if (!PluginRuntime.isComplete(copy)
        || !PluginRuntime.hasOptions(copy, target.onNode().resolve(runtime.getFileName()))) {
      return false;
    }
    for (Path file : tree(runtime)) {
      Path twin = copy.resolve(runtime.relativize(file).toString());
      boolean same =
          PluginRuntime.isOptions(file)
              || Files.isDirectory(file)
              || (Files.isRegularFile(twin) && Files.size(twin) == Files.size(file));
      if (!same) {
        return false;
      }
    }
    return true;
  }

  private static List<Path> tree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.toList();
    }
  }
}
