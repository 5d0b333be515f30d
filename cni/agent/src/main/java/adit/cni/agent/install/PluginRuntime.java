package adit.cni.agent.install;

import adit.cni.plugin.Plugin;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The runtime that the plugin brings along: `java.base` and the plugin, linked into one directory,
/// with an archive of the classes as they are after start-up. It needs the C library of the node
/// and nothing else.
///
/// @param javaHome a JDK with `jlink`
/// @param plugin the plugin's module: a jar or a directory of classes
/// @param modules of the JDK, besides those that the plugin needs: for another program that shares
///   the runtime
record PluginRuntime(Path javaHome, Path plugin, List<String> modules) {
  private static final String MODULE = "adit.cni.plugin";
  private static final String CACHE = "lib/adit-cni.aot";
  private static final String OPTIONS = "lib/adit-cni.args";
  private static final String COMPLETE = "adit-complete";
  private static final int VERSION_LENGTH = 12;

  /// Small, and ready at once: one collector thread less, one compiler tier less, nothing written
  /// to the temporary directory. Whatever the JVM has to say goes to standard error, because
  /// standard output belongs to the protocol.
  private static final List<String> JVM =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx32m",
          "-XX:-UsePerfData",
          "-Xlog:disable",
          "-Xlog:all=error:stderr");

  PluginRuntime {
    modules = List.copyOf(modules);
  }

  /// That of this process.
  ///
  /// @param modules of the JDK, besides those that the plugin needs
  /// @throws IOException this process runs without `jlink`
  static PluginRuntime ofThisProcess(List<String> modules) throws IOException {
    try {
      Path plugin =
          Path.of(Plugin.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      PluginRuntime runtime =
          new PluginRuntime(Path.of(System.getProperty("java.home")), plugin, modules);
      if (!Files.isExecutable(runtime.jlink())) {
        throw new IOException(
            runtime.jlink() + ": absent (expected: a JDK, to link the plugin's runtime)");
      }
      return runtime;
    } catch (URISyntaxException e) {
      throw new IOException("place of the plugin: " + e.getMessage(), e);
    }
  }

  /// Names what goes into it: two runtimes of one version are the same.
  String version() throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Files.readAllBytes(javaHome.resolve("release")));
      digest.update(String.join(" ", modules).getBytes(StandardCharsets.UTF_8));
      digest.update(String.join(" ", JVM).getBytes(StandardCharsets.UTF_8));
      for (Path file : files()) {
        digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, VERSION_LENGTH);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// Links it.
  ///
  /// @param target does not exist
  /// @param runsAt where the runtime will be when it runs
  void link(Path target, Path runsAt) throws IOException {
    new Program(
            List.of(
                jlink().toString(),
                "--module-path",
                plugin.toString(),
                "--add-modules",
                String.join(",", Stream.concat(Stream.of(MODULE), modules.stream()).toList()),
                "--strip-debug",
                "--no-man-pages",
                "--no-header-files",
                "--vm",
                "server",
                // What is not in the archive is read once; the node stores it always.
                "--compress",
                "zip-6",
                "--output",
                target.toString()),
            Map.of(),
            "")
        .run();
    train(target);
    writeOptions(target, runsAt);
    Files.writeString(target.resolve(COMPLETE), version() + "\n");
  }

  /// Writes the options of a runtime.
  ///
  /// @param runsAt where the runtime will be when it runs
  static void writeOptions(Path runtime, Path runsAt) throws IOException {
    Files.writeString(runtime.resolve(OPTIONS), options(runsAt));
  }

  /// Whether a runtime has the options for that place.
  static boolean hasOptions(Path runtime, Path runsAt) throws IOException {
    Path file = runtime.resolve(OPTIONS);
    return Files.isRegularFile(file) && Files.readString(file).equals(options(runsAt));
  }

  /// Whether a file of a runtime is that of its options.
  static boolean isOptions(Path file) {
    return file.endsWith(OPTIONS);
  }

  /// Whether a runtime is there as a whole.
  static boolean isComplete(Path runtime) {
    return Files.exists(runtime.resolve(COMPLETE));
  }

  /// The interpreter line of the plugin's file: the kernel starts the runtime with one argument,
  /// the file of options, which names module and class; the plugin's own path, which the kernel
  /// adds, is ignored. No shell is needed.
  static String interpreterLine(Path runsAt) {
    return "#!" + runsAt.resolve("bin/java") + " @" + runsAt.resolve(OPTIONS) + "\n";
  }

  /// The archive holds what an ADD loads and links.
  private void train(Path target) throws IOException {
    List<String> words = new ArrayList<>(List.of(target.resolve("bin/java").toString()));
    words.addAll(JVM);
    words.add("-XX:AOTCacheOutput=" + target.resolve(CACHE));
    words.addAll(main());
    try (SampleAgent agent = SampleAgent.start()) {
      new Program(words, SampleAgent.environment(), agent.configuration()).run();
    }
    if (!Files.exists(target.resolve(CACHE))) {
      throw new IOException(
          target.resolve(CACHE) + ": was not made (expected: an archive of classes)");
    }
  }

  private static String options(Path runsAt) {
    List<String> lines = new ArrayList<>(JVM);
    lines.add("-XX:AOTCache=" + runsAt.resolve(CACHE));
    lines.addAll(main());
    return String.join("\n", lines) + "\n";
  }

  private static List<String> main() {
    return List.of("-m", MODULE + "/" + Plugin.class.getName());
  }

  private Path jlink() {
    return javaHome.resolve("bin/jlink");
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> tree = Files.walk(plugin)) {
      return tree.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
