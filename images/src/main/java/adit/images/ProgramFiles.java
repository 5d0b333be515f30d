package adit.images;

import adit.images.ImageContent.Extra;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// A program in an image: its jars, native libraries unpacked (the root file system is read-only),
/// and one file of options that is all of its command line.
///
/// @param content which program
/// @param home the tree that was built
/// @param java the JDK in use
/// @param javaHome of the runtime in the image
record ProgramFiles(ImageContent content, Path home, Path java, String javaHome) {
  private static final String DIRECTORY = "/opt/adit";
  private static final String NATIVE = DIRECTORY + "/native";
  private static final String PLUGIN = DIRECTORY + "/cni";

  /// Where the plugin is on most nodes; the agent rewrites it for others.
  private static final String PLUGIN_RUNS_AT = "/opt/cni/bin";

  /// The command of the image.
  List<String> entryPoint() {
    return List.of(javaHome + "/bin/java", "@" + options());
  }

  private String options() {
    return DIRECTORY + "/" + content.program() + ".options";
  }

  /// Libraries that others have written.
  void libraries(FileTree tree) throws IOException {
    for (Path jar : jars()) {
      if (!isOurs(jar)) {
        tree.copy(jar, inImage(jar));
        unpackNatives(jar, tree);
      }
    }
    tree.settle();
  }

  /// What is ours.
  ///
  /// @param tree where to
  void program(FileTree tree) throws IOException {
    for (Path jar : jars()) {
      if (isOurs(jar)) {
        tree.copy(jar, inImage(jar));
      }
    }
    tree.settle();
  }

  /// How it is started.
  ///
  /// @param archive option for the JVM
  void start(FileTree tree, String archive) throws IOException {
    tree.write(options(), optionsText(archive));
    if (content.extra() == Extra.COMMAND) {
      tree.writeCommand(
          "/usr/bin/" + content.program(), "#!" + String.join(" ", entryPoint()) + "\n");
    }
    tree.settle();
  }

  /// The CNI plugin with a runtime that the program shares, linked here because the image has no
  /// `jlink`.
  ///
  /// @return home of the runtime in the image
  String plugin(FileTree tree) throws IOException {
    String _ =
        Command.run(
            List.of(
                java.resolve("bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                String.join(":", jars().stream().map(Path::toString).toList()),
                "adit.cni.agent.install.InstallPlugin",
                "--runs-at",
                PLUGIN_RUNS_AT,
                "--with",
                String.join(",", LinkedRuntime.MODULES),
                tree.path(PLUGIN).toString()));
    tree.settle();
    try (Stream<Path> entries = Files.list(tree.path(PLUGIN))) {
      return entries
          .filter(Files::isDirectory)
          .map(entry -> PLUGIN + "/" + entry.getFileName())
          .findFirst()
          .orElseThrow(() -> new IOException(PLUGIN + ": no runtime (expected: one)"));
    }
  }

  /// The command line without the archive, for a run in a tree like that of the image.
  List<String> training(FileTree root) throws IOException {
    List<String> words = new ArrayList<>(jvmOptions());
    words.add("-Djava.library.path=" + root.path(NATIVE));
    words.add("-cp");
    words.add(
        String.join(":", jars().stream().map(jar -> root.path(inImage(jar)).toString()).toList()));
    words.add(content.main());
    return words;
  }

  /// Options that an archive of the JDK's classes depends on: with others it fits in parts only,
  /// and the JVM says so at each start.
  List<String> layoutOptions() throws IOException {
    return jvmOptions().stream()
        .filter(line ->
            line.contains("CompactObjectHeaders") || line.startsWith("--enable-native-access"))
        .toList();
  }

  private List<String> jvmOptions() throws IOException {
    return Files.readAllLines(home.resolve(content.module()).resolve("jvm.options")).stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .toList();
  }

  private String optionsText(String archive) throws IOException {
    List<String> lines = new ArrayList<>(jvmOptions());
    lines.add(archive);
    lines.add("-Djava.library.path=" + NATIVE);
    lines.add("-cp");
    lines.add(String.join(":", jars().stream().map(ProgramFiles::inImage).toList()));
    lines.add(content.main());
    return String.join("\n", lines) + "\n";
  }

  private static String inImage(Path jar) {
    return DIRECTORY + "/lib/" + jar.getFileName();
  }

  private static boolean isOurs(Path jar) {
    return String.valueOf(jar.getFileName()).endsWith("-1-SNAPSHOT.jar");
  }

  /// The class path: the program's own jar first, as `./adit run` has it.
  private List<Path> jars() throws IOException {
    Path target = home.resolve(content.module()).resolve("target");
    List<Path> jars = new ArrayList<>(list(target, "*-1-SNAPSHOT.jar"));
    if (Files.isDirectory(target.resolve("lib"))) {
      jars.addAll(list(target.resolve("lib"), "*.jar"));
    }
    return jars;
  }

  private static List<Path> list(Path directory, String glob) throws IOException {
    List<Path> files = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(directory, glob)) {
      stream.forEach(files::add);
    }
    if (files.isEmpty()) {
      throw new IOException(directory + ": has no " + glob + " (expected: ./adit build has run)");
    }
    return files.stream().sorted().toList();
  }

  private static void unpackNatives(Path jar, FileTree tree) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : zip.stream().map(ZipEntry.class::cast).toList()) {
        String name = entry.getName();
        if (name.startsWith("META-INF/native/") && name.endsWith(".so")) {
          String to = NATIVE + name.substring(name.lastIndexOf('/'));
          tree.directory(NATIVE);
          try (var in = zip.getInputStream(entry)) {
            Files.copy(in, tree.path(to));
          }
        }
      }
    }
  }
}
