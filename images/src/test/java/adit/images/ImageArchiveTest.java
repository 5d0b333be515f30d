package adit.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageArchiveTest {
  private static final ImageContent CONTENT =
      new ImageContent(
          "sample",
          "sample",
          "sample",
          "a.B",
          "1337:1337",
          List.of("run"),
          List.of(),
          ImageContent.Extra.NOTHING,
          ImageContent.Start.JDK_ARCHIVE);

  @TempDir private Path directory;

  @Test
  void write_theSameFiles_givesTheSameBytes() throws IOException {
    Path first = write("first");
    Path second = write("second");

    assertThat(Files.mismatch(first, second)).isEqualTo(-1);
  }

  @Test
  void write_anArchive_saysWhoRunsWhatUnderWhichName() throws IOException {
    Path archive = write("one");

    String config = Command.run(List.of("tar", "-xOf", archive.toString(), "config.json"));
    String manifest = Command.run(List.of("tar", "-xOf", archive.toString(), "manifest.json"));
    assertThat(config)
        .contains(
            "\"User\":\"1337:1337\"",
            "\"Entrypoint\":[\"/opt/java/bin/java\",\"@/opt/adit/sample.options\"]",
            "\"Cmd\":[\"run\"]");
    assertThat(manifest).contains("\"RepoTags\":[\"hub/sample:1\"]");
  }

  @Test
  void write_aFileChangedSinceTheLastRun_isInTheImage() throws IOException {
    FileTree tree = FileTree.create(directory.resolve("tree"));
    tree.write("/a", "before");
    tree.settle();
    Path first = write("first", tree, directory.resolve("cache"));
    tree.write("/a", "after!");
    tree.settle();

    Path second = write("second", tree, directory.resolve("cache"));

    assertThat(Files.mismatch(first, second)).isNotEqualTo(-1);
  }

  private Path write(String name) throws IOException {
    FileTree tree = FileTree.create(directory.resolve(name));
    tree.directory("/tmp");
    tree.write("/etc/passwd", "root:x:0:0:root:/:/sbin/nologin\n");
    return write(name, tree, directory.resolve(name + "-cache"));
  }

  private Path write(String name, FileTree tree, Path cache) throws IOException {
    Path archive = directory.resolve(name + ".tar");
    ImageArchive.fresh("", cache)
        .write(
            archive,
            "hub/sample:1",
            CONTENT,
            new ProgramFiles(CONTENT, directory, directory, "/opt/java"),
            List.of(new ImageArchive.Layer("all", tree)));
    return archive;
  }
}
