package adit.cni.agent.install;

import adit.telemetry.WritesToStandardOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Installs the plugin: `DIR/adit-cni`, a file that the kernel can execute, and beside it
/// `DIR/adit-cni-VERSION`, its runtime. What is there already in this version is kept, so calling
/// it again costs nothing. The plugin's file is replaced in one step; a plugin that runs meanwhile
/// keeps its own runtime, for the one before the newest stays.
public final class InstallPlugin {
  /// Name of the plugin: the `type` in network configurations.
  public static final String NAME = "adit-cni";

  private static final int MOST_INTERPRETER_LINE = 255;

  private InstallPlugin() {}

  /// Installs into a directory and prints the plugin's path.
  ///
  /// @param arguments `DIR`, and before it `--runs-at PATH` when the directory has another path
  ///   where the plugin runs, and after that `--with MODULE,...` when another program shares the
  ///   runtime
  @WritesToStandardOutput("a command that is used by hand and by scripts")
  public static void main(String[] arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of(arguments));
    String runsAt = option(words, "--runs-at");
    String modules = option(words, "--with");
    if (words.size() != 1) {
      System.err.println("usage: InstallPlugin [--runs-at PATH] [--with MODULE,...] DIR");
      System.exit(2);
    }
    Path directory = Path.of(words.getFirst()).toAbsolutePath().normalize();
    System.out.println(
        install(
            directory,
            runsAt.isEmpty() ? directory : Path.of(runsAt),
            modules.isEmpty() ? List.of() : List.of(modules.split(",", -1))));
  }

  /// Takes an option and its value off the front.
  private static String option(List<String> words, String name) {
    if (words.size() < 2 || !words.getFirst().equals(name)) {
      return "";
    }
    words.removeFirst();
    return words.removeFirst();
  }

  /// Installs.
  ///
  /// @param directory where to
  /// @param runsAt the path of that directory where the plugin will run, different when it is
  ///   mounted into a container
  /// @return path of the plugin
  public static Path install(Path directory, Path runsAt) throws IOException {
    return install(directory, runsAt, List.of());
  }

  private static Path install(Path directory, Path runsAt, List<String> modules)
      throws IOException {
    Files.createDirectories(directory);
    PluginRuntime runtime = PluginRuntime.ofThisProcess(modules);
    String name = NAME + "-" + runtime.version();
    String line = PluginRuntime.interpreterLine(runsAt.resolve(name));
    checkInterpreterLine(line, runsAt);
    if (!PluginRuntime.isComplete(directory.resolve(name))) {
      link(runtime, directory, name, runsAt);
    }
    Path plugin = directory.resolve(NAME);
    WholeFiles.write(plugin, line, WholeFiles.mode("rwxr-xr-x"));
    removeOld(directory, name);
    return plugin;
  }

  static void checkInterpreterLine(String line, Path runsAt) throws IOException {
    if (line.getBytes(StandardCharsets.UTF_8).length > MOST_INTERPRETER_LINE
        || line.strip().split(" ").length != 2) {
      throw new IOException(
          runsAt
              + ": too long or with spaces (expected: a path that fits an interpreter line of 255 bytes twice)");
    }
  }

  private static void link(PluginRuntime runtime, Path directory, String name, Path runsAt)
      throws IOException {
    Path temporary = WholeFiles.temporaryDirectory(directory);
    try {
      runtime.link(temporary.resolve("runtime"), runsAt.resolve(name));
      // Half of a former attempt, if any.
      WholeFiles.delete(directory.resolve(name));
      Files.move(temporary.resolve("runtime"), directory.resolve(name));
    } catch (FileAlreadyExistsException e) {
      // Somebody else installed the same at the same time, which is as good.
      return;
    } finally {
      WholeFiles.delete(temporary);
    }
  }

  /// Keeps the runtime before the newest: a plugin may be running in it.
  static void removeOld(Path directory, String current) throws IOException {
    List<Path> runtimes;
    try (Stream<Path> entries = Files.list(directory)) {
      runtimes =
          entries
              .filter(entry -> entry.getFileName().toString().matches(NAME + "-[0-9a-f]{12}"))
              .filter(entry -> !entry.getFileName().toString().equals(current))
              .sorted(Comparator.comparingLong(InstallPlugin::modified).reversed())
              .toList();
    }
    for (Path old : runtimes.subList(Math.min(1, runtimes.size()), runtimes.size())) {
      WholeFiles.delete(old);
    }
  }

  private static long modified(Path path) {
    try {
      return Files.getLastModifiedTime(path).toMillis();
    } catch (IOException e) {
      // Just removed by another installation.
      return 0;
    }
  }
}
