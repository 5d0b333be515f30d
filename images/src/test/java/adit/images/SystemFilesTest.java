package adit.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemFilesTest {
  @TempDir private Path directory;

  @Test
  void toolsAndBase_together_runOnARootOfTheirOwn() throws IOException {
    FileTree program = FileTree.create(directory.resolve("program"));
    program.copy(Path.of("/bin/true").toRealPath(), "/opt/true");
    FileTree base = FileTree.create(directory.resolve("base"));
    FileTree tools = FileTree.create(directory.resolve("tools"));

    SystemFiles.base(base, List.of(program));
    SystemFiles.tools(tools, base, List.of("nft", "ip"));

    Path root = directory.resolve("root");
    for (FileTree tree : List.of(base, tools, program)) {
      Command.run(List.of("cp", "-a", tree.root() + "/.", root.toString()));
    }
    assertThat(Command.run(List.of("chroot", root.toString(), "/opt/true"))).isEmpty();
    assertThat(Command.run(List.of("chroot", root.toString(), "/usr/sbin/nft", "--version")))
        .startsWith("nftables v");
    assertThat(Command.run(List.of("chroot", root.toString(), ip(root), "-Version")))
        .contains("ip utility");
  }

  private static String ip(Path root) {
    return Files.exists(root.resolve("usr/sbin/ip")) ? "/usr/sbin/ip" : "/usr/bin/ip";
  }

  @Test
  void tools_whatTheBaseHas_isLeftOut() throws IOException {
    FileTree program = FileTree.create(directory.resolve("program"));
    program.copy(Path.of("/bin/true").toRealPath(), "/opt/true");
    FileTree base = FileTree.create(directory.resolve("base"));
    FileTree tools = FileTree.create(directory.resolve("tools"));

    SystemFiles.base(base, List.of(program));
    SystemFiles.tools(tools, base, List.of("nft"));

    assertThat(names(base)).contains("libc.so.6");
    assertThat(names(tools)).contains("nft", "libnftables.so.1").doesNotContain("libc.so.6");
  }

  @Test
  void tools_anUnknownName_isAnErrorThatNamesIt() throws IOException {
    FileTree base = FileTree.create(directory.resolve("base"));
    FileTree tools = FileTree.create(directory.resolve("tools"));

    assertThatThrownBy(() -> SystemFiles.tools(tools, base, List.of("no-such-tool")))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("no-such-tool: not on this machine");
  }

  private static List<String> names(FileTree tree) throws IOException {
    return tree.files().stream().map(file -> String.valueOf(file.getFileName())).toList();
  }
}
