package adit.images;

import adit.images.ImageContent.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The classes that a program loads, loaded and linked, in a file that the JVM maps: it starts
/// several times faster. Made by the runtime of the image, from jars with the names, sizes and
/// times that they have there. Not the same bytes in two builds, so it is a layer of its own.
///
/// @param content which program
/// @param files of the program
/// @param runtime with the runtime of the image, at its place
record ClassArchive(ImageContent content, ProgramFiles files, FileTree runtime) {
  private static final String JDK = "/opt/adit/jdk.jsa";
  private static final String PROGRAM = "/opt/adit/program.aot";

  /// An option for the JVM, and the file that it names.
  ///
  /// @param option as in the image
  record Made(FileTree tree, String option) {}

  /// Makes it.
  ///
  /// @param stage an empty place to work in
  /// @param layers with the jars
  Made make(Path stage, List<FileTree> layers) throws IOException {
    FileTree tree = FileTree.create(stage.resolve("archive"));
    tree.directory("/opt/adit");
    if (content.start() == Start.JDK_ARCHIVE) {
      run(List.of("-Xshare:dump", "-XX:SharedArchiveFile=" + tree.path(JDK), "-XX:+UseSerialGC"));
      return made(tree, JDK, "-XX:SharedArchiveFile=");
    }
    FileTree root = FileTree.create(stage.resolve("root"));
    for (FileTree layer : layers) {
      for (Path file : layer.files()) {
        Path link = root.path("/" + layer.root().relativize(file));
        Files.createDirectories(link.getParent());
        Files.createLink(link, file);
      }
    }
    train(root, tree.path(PROGRAM));
    return made(tree, PROGRAM, "-XX:AOTCache=");
  }

  private static Made made(FileTree tree, String file, String option) throws IOException {
    if (!tree.has(file)) {
      throw new IOException(file + ": was not made (expected: an archive of classes)");
    }
    tree.settle();
    return new Made(tree, option + file);
  }

  private void train(FileTree root, Path archive) throws IOException {
    List<String> words = new ArrayList<>();
    if (content.start() == Start.TRAINED_ALONE) {
      // It writes rules, so it gets a network of its own.
      words.addAll(
          List.of("unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "alone"));
    }
    words.add(java());
    words.add("-XX:AOTCacheOutput=" + archive);
    words.addAll(files.training(root));
    words.add("train");
    Command.run(words);
  }

  private void run(List<String> options) throws IOException {
    List<String> words = new ArrayList<>(List.of(java(), "-Xmx96m"));
    words.addAll(files.layoutOptions());
    words.addAll(options);
    Command.run(words);
  }

  private String java() {
    return runtime.path(files.javaHome() + "/bin/java").toString();
  }
}
