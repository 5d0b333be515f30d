package adit.cni.agent.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.topology.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The plugin on a root file system that holds nothing but it and the C library: no Java, no shell.
/// Needs root.
final class InstallPluginTest {
  private static final Path RUNS_AT = Path.of("/opt/cni/bin");

  @TempDir static Path root;

  private static Path directory;

  @BeforeAll
  static void install() throws IOException {
    directory = root.resolve("opt/cni/bin");
    InstallPlugin.install(directory, RUNS_AT);
    Files.createDirectories(root.resolve("proc"));
    for (String library : libraries()) {
      Path copy = root.resolve(library.substring(1));
      Files.createDirectories(copy.getParent());
      Files.copy(Path.of(library).toRealPath(), copy);
    }
  }

  @Test
  void add_onARootWithoutJavaAndShell_printsThePreviousResult() throws IOException {
    assertThat(root.resolve("bin")).doesNotExist();
    assertThat(root.resolve("usr")).doesNotExist();

    String out =
        inRoot(
            "ADD",
            "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"adit-cni\",\"prevResult\":{\"cniVersion\":\"1.0.0\",\"ips\":[]}}");

    assertThat(out).isEqualTo("{\"cniVersion\":\"1.0.0\",\"ips\":[]}");
  }

  @Test
  void add_malformedInput_printsAnErrorAndFails() {
    assertThatThrownBy(() -> inRoot("ADD", "{"))
        .hasMessageContaining("exit 1")
        .hasMessageContaining("\"code\":6");
  }

  @Test
  void version_withNoisyJavaVariables_printsNothingElse() throws IOException {
    String out =
        inRoot(
            "VERSION",
            "{\"cniVersion\":\"1.1.0\"}",
            "JDK_JAVA_OPTIONS=-Da=b",
            "JAVA_TOOL_OPTIONS=-Dc=d");

    assertThat(out).startsWith("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[").endsWith("]}");
  }

  @Test
  void runtime_cacheOfAnotherBuild_stillAnswersCleanly() throws IOException {
    Path copy = Files.createTempDirectory(root, "damaged");
    Command.of("cp", "-a", directory.toString(), copy.toString()).output();
    try (Stream<Path> files = Files.walk(copy)) {
      for (Path cache : files.filter(file -> file.toString().endsWith(".aot")).toList()) {
        Files.writeString(cache, "not a cache");
      }
    }
    Path java = copy.resolve("bin").resolve(runtime().getFileName()).resolve("bin/java");
    List<String> options = new ArrayList<>(List.of(java.toString()));
    for (String option : Files.readAllLines(runtime().resolve("lib/adit-cni.args"))) {
      options.addAll(
          List.of(option.replace(RUNS_AT.toString(), copy.resolve("bin").toString()).split(" ")));
    }

    String out = new Program(options, Map.of("CNI_COMMAND", "VERSION"), "").run();

    assertThat(out).startsWith("{\"cniVersion\"");
  }

  @Test
  void install_again_keepsTheRuntimeAndOneBefore() throws IOException {
    FileTime before = Files.getLastModifiedTime(runtime());
    for (String old : List.of("adit-cni-000000000001", "adit-cni-000000000002")) {
      Files.createDirectories(directory.resolve(old).resolve("bin"));
    }
    Files.setLastModifiedTime(
        directory.resolve("adit-cni-000000000001"), FileTime.fromMillis(1000));

    InstallPlugin.install(directory, RUNS_AT);

    assertThat(Files.getLastModifiedTime(runtime())).isEqualTo(before);
    assertThat(directory.resolve("adit-cni-000000000001")).doesNotExist();
    assertThat(directory.resolve("adit-cni-000000000002")).exists();
    try (Stream<Path> hidden = Files.list(directory)) {
      assertThat(hidden.filter(path -> path.getFileName().toString().startsWith("."))).isEmpty();
    }
  }

  @Test
  void install_pathThatFitsNoInterpreterLine_isRefused() {
    assertThatThrownBy(() -> InstallPlugin.install(directory, Path.of("/" + "d".repeat(120))))
        .hasMessageContaining("255 bytes");
    assertThatThrownBy(() -> InstallPlugin.install(directory, Path.of("/with space")))
        .hasMessageContaining("spaces");
  }

  private static Path runtime() throws IOException {
    String line = Files.readString(directory.resolve(InstallPlugin.NAME));
    String java = line.substring(2, line.indexOf(' '));
    return directory.resolve(RUNS_AT.relativize(Path.of(java)).getName(0));
  }

  /// Runs the plugin with that root and a `/proc`, in a mount namespace that goes away with it.
  private static String inRoot(String command, String input, String... variables)
      throws IOException {
    Map<String, String> environment =
        new java.util.HashMap<>(
            Map.of(
                "PATH", "/usr/sbin:/usr/bin:/sbin:/bin",
                "CNI_COMMAND", command,
                "CNI_CONTAINERID", "c1",
                "CNI_NETNS", "/var/run/netns/p",
                "CNI_IFNAME", "eth0",
                "CNI_ARGS", "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web"));
    for (String variable : variables) {
      environment.put(
          variable.substring(0, variable.indexOf('=')),
          variable.substring(variable.indexOf('=') + 1));
    }
    String script =
        "mount --bind /proc " + root + "/proc && exec chroot " + root + " " + RUNS_AT + "/adit-cni";
    return new Program(
            List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", script),
            environment,
            input)
        .run();
  }

  /// What the runtime's programs and libraries need of the system.
  private static Set<String> libraries() throws IOException {
    Set<String> libraries = new TreeSet<>();
    List<Path> objects = new ArrayList<>(List.of(runtime().resolve("bin/java")));
    try (Stream<Path> files = Files.walk(runtime().resolve("lib"))) {
      objects.addAll(files.filter(file -> file.toString().endsWith(".so")).toList());
    }
    for (Path object : objects) {
      for (String word : Command.of("ldd", object.toString()).run().out().split("\\s+", -1)) {
        if (word.startsWith("/lib")) {
          libraries.add(word);
        }
      }
    }
    return libraries;
  }
}
