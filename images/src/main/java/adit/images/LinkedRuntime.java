package adit.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The Java runtime of all images: only the modules that the programs use. One for all, so that a
/// node stores it once.
final class LinkedRuntime {
  /// Where it is in an image.
  static final String HOME = "/opt/java";

  /// Of those that `jdeps` names, `java.desktop` and `java.sql` are optional parts of libraries
  /// (beans, dates) that the programs do not reach.
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.management",
          "java.naming",
          "java.net.http",
          "java.xml",
          "jdk.httpserver",
          "jdk.jfr",
          "jdk.management",
          "jdk.net",
          "jdk.unsupported");

  private LinkedRuntime() {}

  /// Links it into a tree, or keeps what is there if that was linked from the same JDK.
  ///
  /// @param java home of a JDK
  static FileTree link(Path java, Path directory) throws IOException {
    String version = Files.readString(java.resolve("release")) + MODULES;
    FileTree tree = new FileTree(directory);
    Path stamp = directory.resolveSibling(directory.getFileName() + ".version");
    if (Files.exists(stamp) && Files.readString(stamp).equals(version)) {
      return tree;
    }
    Files.deleteIfExists(stamp);
    FileTree.create(directory);
    tree.directory("/opt");
    Path home = tree.path(HOME);
    Command.run(
        List.of(
            java.resolve("bin/jlink").toString(),
            "--add-modules",
            String.join(",", MODULES),
            "--strip-debug",
            "--no-man-pages",
            "--no-header-files",
            "--vm",
            "server",
            "--output",
            home.toString()));
    for (String tool : List.of("keytool", "rmiregistry", "jfr")) {
      Files.deleteIfExists(home.resolve("bin").resolve(tool));
    }
    tree.settle();
    archive(home);
    tree.settle();
    Files.writeString(stamp, version);
    return tree;
  }

  /// The JVM's own archive of the JDK's classes, for the two layouts of objects that the programs'
  /// options choose. After the files got their time, which the archive remembers.
  private static void archive(Path home) throws IOException {
    for (String layout : List.of("-XX:-UseCompactObjectHeaders", "-XX:+UseCompactObjectHeaders")) {
      List<String> words =
          new ArrayList<>(
              List.of(
                  home.resolve("bin/java").toString(),
                  "-Xshare:dump",
                  "-XX:+UseSerialGC",
                  "-Xmx96m",
                  layout));
      Command.run(words);
    }
  }
}
