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
          ImageContent.Extra.NOTHING);

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
            "\"Entrypoint\":[\"/opt/java/bin/java\"]",
            "\"Cmd\":[\"run\"]");
    assertThat(manifest).contains("\"RepoTags\":[\"hub/sample:1\"]");
  }

  private Path write(String name) throws IOException {
    FileTree tree = FileTree.create(directory.resolve(name));
    tree.directory("/tmp");
    tree.write("/etc/passwd", "root:x:0:0:root:/:/sbin/nologin\n");
    Path archive = directory.resolve(name + ".tar");
    new ImageArchive("", directory.resolve(name + "-cache"))
        .write(
            archive,
            "hub/sample:1",
            CONTENT,
            List.of("/opt/java/bin/java"),
            List.of(new ImageArchive.Layer("all", tree)));
    return archive;
  }
}
