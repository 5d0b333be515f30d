package adit.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The Java runtime of all images: only the modules that the programs use. One for all, so that a
/// node stores it once.
final class LinkedRuntime {
  /// Where it is in an image.
  static final String HOME = "/opt/java";

  /// Of those that `jdeps` names, `java.desktop` and `java.sql` are optional parts of libraries
  /// (beans, dates) that the programs do not reach.
  static final List<String> MODULES =
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

  /// Changes when the words for the linker do.
  private static final String FORM = " compressed, without archives";

  private LinkedRuntime() {}

  /// Links it into a tree, or keeps what is there if that was linked from the same JDK.
  ///
  /// @param java home of a JDK
  static FileTree link(Path java, Path directory) throws IOException {
    String version = Files.readString(java.resolve("release")) + MODULES + FORM;
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
            "--compress",
            "zip-6",
            "--output",
            home.toString()));
    for (String tool : List.of("keytool", "rmiregistry", "jfr")) {
      Files.deleteIfExists(home.resolve("bin").resolve(tool));
    }
    tree.settle();
    Files.writeString(stamp, version);
    return tree;
  }
}
