package adit.cni.agent.install;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.Wait;
import adit.cni.agent.install.InstallConfig.Style;
import adit.cni.plugin.JsonWriter;
import adit.cni.plugin.MeshState;
import adit.linux.topology.Command;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The installation on a node that is a directory, with other CNIs that do to it what they do.
final class NodeInstallationTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BRIDGE =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"lab\",\"plugins\":[{\"type\":\"bridge\",\"mtu\":1450},"
          + "{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}]}";
  private static final String SINGLE =
      "{\"cniVersion\":\"0.4.0\",\"name\":\"flat\",\"type\":\"flannel\",\"delegate\":{\"isDefaultGateway\":true}}";

  @TempDir static Path dist;
  @TempDir Path node;

  private Path plugins = Path.of("/");
  private Path networks = Path.of("/");
  private final Recorder heard = new Recorder();
  private NodeInstallation installation =
      new NodeInstallation(config(Style.CHAINED, ""), heard, System::nanoTime);

  /// What the listener was told.
  private static final class Recorder implements InstallListener {
    final List<String> said = new CopyOnWriteArrayList<>();
    volatile boolean ready;

    @Override
    public void pluginInstalled(Path plugin) {
      said.add("installed " + plugin);
    }

    @Override
    public void chained(Path file, boolean strife) {
      said.add((strife ? "strife " : "chained ") + file.getFileName());
    }

    @Override
    public void inPlace(Path file) {
      ready = true;
    }

    @Override
    public void waiting(String reason) {
      ready = false;
      said.add("waiting " + reason);
    }

    @Override
    public void failed(String reason) {
      ready = false;
      said.add("failed " + reason);
    }
  }

  /// A plugin that takes no time to link: what is copied is not looked into.
  @BeforeAll
  static void link() throws IOException {
    Path runtime = Files.createDirectories(dist.resolve("adit-cni-0123456789ab"));
    Files.createDirectories(runtime.resolve("bin"));
    Files.createDirectories(runtime.resolve("lib"));
    Files.writeString(runtime.resolve("bin/java"), "x".repeat(100_000));
    Files.setPosixFilePermissions(
        runtime.resolve("bin/java"), PosixFilePermissions.fromString("rwxr-xr-x"));
    PluginRuntime.writeOptions(runtime, Path.of("/elsewhere/adit-cni-0123456789ab"));
    Files.writeString(runtime.resolve("adit-complete"), "0123456789ab\n");
  }

  @BeforeEach
  void directories() throws IOException {
    plugins = Files.createDirectories(node.resolve("opt/cni/bin"));
    networks = Files.createDirectories(node.resolve("etc/cni/net.d"));
  }

  @AfterEach
  void end() {
    installation.close();
  }

  @Test
  void start_nodeWithAConfiguration_appendsTheEntryAndKeepsTheRest() throws Exception {
    Path conflist = put("10-lab.conflist", BRIDGE);
    Files.setPosixFilePermissions(conflist, PosixFilePermissions.fromString("rw-------"));

    start(Style.CHAINED, "");

    JsonNode list = JSON.readTree(conflist.toFile());
    assertThat(list.at("/plugins/0")).isEqualTo(JSON.readTree(BRIDGE).at("/plugins/0"));
    assertThat(list.at("/plugins/1")).isEqualTo(JSON.readTree(BRIDGE).at("/plugins/1"));
    JsonNode entry = list.at("/plugins/2");
    assertThat(entry.path("type").asText()).isEqualTo("adit-cni");
    assertThat(entry.path("mesh_state_file").asText()).isEqualTo("/opt/cni/bin/adit-cni.state");
    assertThat(entry.path("exclude_namespaces").toString()).isEqualTo("[\"kube-system\"]");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(conflist)))
        .isEqualTo("rw-------");
    assertThat(Files.readString(plugins.resolve("adit-cni")))
        .isEqualTo(
            "#!/opt/cni/bin/adit-cni-0123456789ab/bin/java @/opt/cni/bin/adit-cni-0123456789ab/lib/adit-cni.args\n");
    assertThat(plugins.resolve("adit-cni")).isExecutable();
    assertThat(plugins.resolve("adit-cni-0123456789ab/bin/java")).isExecutable();
    assertThat(plugins.resolve("adit-cni-0123456789ab/lib/adit-cni.args"))
        .content()
        .contains("/opt/cni/bin/adit-cni-0123456789ab/lib/adit-cni.aot")
        .doesNotContain("/elsewhere");
    assertThat(names(networks)).containsExactly("10-lab.conflist");
    assertThat(names(plugins))
        .containsExactly("adit-cni", "adit-cni-0123456789ab", "adit-cni.state");
  }

  /// A plugin without a record lets no pod start; a former agent's record is not touched.
  @Test
  void start_firstTime_aRecordOfNobodyComesBeforeThePlugin() throws Exception {
    put("10-lab.conflist", BRIDGE);
    Path record = plugins.resolve("adit-cni.state");

    start(Style.CHAINED, "");

    assertThat(MeshState.read(record)).isEqualTo(MeshState.unknown());
    installation.close();
    MeshState former = new MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of());
    Files.writeString(record, JsonWriter.write(former.toJson()));
    Files.writeString(networks.resolve("10-lab.conflist"), BRIDGE);
    heard.ready = false;

    start(Style.CHAINED, "");

    assertThat(MeshState.read(record)).isEqualTo(former);
  }

  /// Who took it away may have wanted pods of the mesh to start uncaptured.
  @Test
  void start_recordDeletedWhileThePluginIsChained_staysMissingForTheAgent() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");
    installation.close();
    Files.delete(plugins.resolve("adit-cni.state"));
    heard.ready = false;

    start(Style.CHAINED, "");

    assertThat(names(plugins)).containsExactly("adit-cni", "adit-cni-0123456789ab");
  }

  @Test
  void start_singleConfiguration_becomesAList() throws Exception {
    put("10-flannel.conf", SINGLE);

    start(Style.CHAINED, "10-flannel.conf");

    assertThat(names(networks)).containsExactly("10-flannel.conflist");
    JsonNode list = JSON.readTree(networks.resolve("10-flannel.conflist").toFile());
    assertThat(list.path("name").asText()).isEqualTo("flat");
    assertThat(list.path("cniVersion").asText()).isEqualTo("0.4.0");
    assertThat(list.at("/plugins/0").toString())
        .isEqualTo("{\"type\":\"flannel\",\"delegate\":{\"isDefaultGateway\":true}}");
    assertThat(list.at("/plugins/1/type").asText()).isEqualTo("adit-cni");
  }

  @Test
  void start_emptyDirectory_waitsForTheNodesCni() throws Exception {
    launch(Style.CHAINED, "");
    Wait.until("waiting", () -> heard.said.toString().contains("waiting no network configuration"));
    assertThat(heard.ready).isFalse();

    // Half a file first, as some write it.
    put("10-lab.conflist", BRIDGE.substring(0, 40));
    put("10-lab.conflist", BRIDGE);

    Wait.until("chained", () -> heard.ready && hasEntry("10-lab.conflist"));
  }

  @Test
  void anotherCni_rewritesOrDeletesOrPrecedes_isFollowed() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");

    put("10-lab.conflist", BRIDGE.replace("1450", "1400"));
    Wait.until("chained again", () -> hasEntry("10-lab.conflist"));
    assertThat(Files.readString(networks.resolve("10-lab.conflist"))).contains("1400");

    Files.delete(networks.resolve("10-lab.conflist"));
    put("05-cilium.conflist", BRIDGE.replace("bridge", "cilium-cni"));
    Wait.until("chained to the other", () -> hasEntry("05-cilium.conflist"));
  }

  @Test
  void plugin_deletedOrDamaged_isInstalledAgain() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");

    Files.delete(plugins.resolve("adit-cni"));
    Wait.until("plugin", () -> Files.exists(plugins.resolve("adit-cni")));

    Files.writeString(plugins.resolve("adit-cni-0123456789ab/bin/java"), "half");
    Files.delete(plugins.resolve("adit-cni"));
    Wait.until(
        "runtime",
        () ->
            Files.exists(plugins.resolve("adit-cni-0123456789ab/bin/java"))
                && Files.size(plugins.resolve("adit-cni-0123456789ab/bin/java")) == 100_000);
  }

  @Test
  void ownStyle_writesACopyThatComesFirstAndFollowsTheNodes() throws Exception {
    Path primary = put("10-lab.conflist", BRIDGE);

    start(Style.OWN, "");

    assertThat(Files.readString(primary)).isEqualTo(BRIDGE);
    assertThat(names(networks)).containsExactly("02-istio-cni.conflist", "10-lab.conflist");
    assertThat(hasEntry("02-istio-cni.conflist")).isTrue();

    put("10-lab.conflist", BRIDGE.replace("1450", "1400"));
    Wait.until(
        "followed",
        () -> Files.readString(networks.resolve("02-istio-cni.conflist")).contains("1400"));

    // What cni.exclusive of Cilium does to every other file.
    Files.move(
        networks.resolve("02-istio-cni.conflist"),
        networks.resolve("02-istio-cni.conflist.cilium_bak"),
        StandardCopyOption.REPLACE_EXISTING);
    Wait.until("back", () -> hasEntry("02-istio-cni.conflist"));
  }

  @Test
  void ownStyle_nodesConfigurationComesBefore_isSaid() throws Exception {
    put("00-multus.conflist", BRIDGE);

    launch(Style.OWN, "");

    Wait.until(
        "said", () -> heard.said.toString().contains("00-multus.conflist: comes before 02-istio"));
  }

  @Test
  void aloneStyle_touchesNothingElse() throws Exception {
    Path primary = put("00-multus.conflist", BRIDGE);

    start(Style.ALONE, "");

    assertThat(Files.readString(primary)).isEqualTo(BRIDGE);
    assertThat(JSON.readTree(networks.resolve("YY-istio-cni.conf").toFile()).path("type").asText())
        .isEqualTo("adit-cni");
  }

  @Test
  void strife_isSaid() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");

    for (int i = 0; i < 5 && !heard.said.contains("strife 10-lab.conflist"); i++) {
      put("10-lab.conflist", BRIDGE);
      Wait.until("chained again", () -> hasEntry("10-lab.conflist"));
    }

    Wait.until("strife", () -> heard.said.contains("strife 10-lab.conflist"));
  }

  @Test
  void close_leavesEverything() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");

    installation.close();

    assertThat(hasEntry("10-lab.conflist")).isTrue();
    assertThat(names(plugins)).contains("adit-cni");
  }

  @Test
  void remove_takesEverythingAwayInEveryFile() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.CHAINED, "");
    // An entry that stayed in a file that is not the first any more, and leftovers of a kill.
    Files.copy(networks.resolve("10-lab.conflist"), networks.resolve("20-old.conflist"));
    Files.writeString(plugins.resolve("adit-cni.state"), "{}");
    Files.createDirectories(plugins.resolve("adit-cni-ffffffffffff/bin"));
    Files.writeString(networks.resolve(".adit-tmp-1"), "half");
    Files.createDirectories(plugins.resolve(".adit-tmp-2/runtime"));

    installation.remove();

    assertThat(JSON.readTree(networks.resolve("10-lab.conflist").toFile()))
        .isEqualTo(JSON.readTree(BRIDGE));
    assertThat(JSON.readTree(networks.resolve("20-old.conflist").toFile()))
        .isEqualTo(JSON.readTree(BRIDGE));
    assertThat(names(networks)).containsExactly("10-lab.conflist", "20-old.conflist");
    assertThat(names(plugins)).isEmpty();
  }

  @Test
  void remove_ownStyle_deletesTheCopy() throws Exception {
    put("10-lab.conflist", BRIDGE);
    start(Style.OWN, "");

    installation.remove();

    assertThat(names(networks)).containsExactly("10-lab.conflist");
  }

  /// A tree that cannot be read to its end, as on a disk with errors; the installation goes on when
  /// it is gone.
  @Test
  void leftoverThatCannotBeRead_isSaidAndTheInstallationGoesOnLater() throws Exception {
    put("10-lab.conflist", BRIDGE);
    Path leftover = plugins.resolve(".adit-tmp-1");
    // Deeper than a path may be long.
    String step = "d".repeat(200);
    try {
      Command.of(
              "bash",
              "-c",
              "mkdir %s; cd -P %s; for i in {1..25}; do mkdir %s; cd -P %s 2>/dev/null; done"
                  .formatted(leftover, leftover, step, step))
          .output();
      launch(Style.CHAINED, "");
      Wait.until("failure", () -> heard.said.toString().contains("failed "));
    } finally {
      Command.of("rm", "-rf", leftover.toString()).output();
    }
    Wait.until("chained", () -> heard.ready && hasEntry("10-lab.conflist"));
  }

  /// Needs root.
  @Test
  void diskFull_keepsTheNodesConfigurationAndGoesOnWhenThereIsRoom() throws Exception {
    mount(networks);
    try {
      put("10-lab.conflist", BRIDGE);
      Path filler = networks.resolve("filler");
      Command.of("sh", "-c", "cat /dev/zero > " + filler + " 2>/dev/null; true").output();

      launch(Style.CHAINED, "");

      Wait.until("failure", () -> heard.said.toString().contains("failed "));
      assertThat(heard.said.toString()).containsIgnoringCase("space");
      assertThat(Files.readString(networks.resolve("10-lab.conflist"))).isEqualTo(BRIDGE);
      assertThat(names(networks)).containsExactly("10-lab.conflist", "filler");

      Files.delete(filler);
      Wait.until("chained", () -> heard.ready && hasEntry("10-lab.conflist"));
    } finally {
      installation.close();
      Command.of("umount", networks.toString()).output();
    }
  }

  /// Needs root.
  @Test
  void diskFull_forThePlugin_isSaidAndNothingIsChained() throws Exception {
    mount(plugins);
    try {
      put("10-lab.conflist", BRIDGE);

      launch(Style.CHAINED, "");

      Wait.until("failure", () -> heard.said.toString().contains("failed "));
      assertThat(Files.readString(networks.resolve("10-lab.conflist"))).isEqualTo(BRIDGE);
      assertThat(names(plugins)).isEmpty();
    } finally {
      installation.close();
      Command.of("umount", plugins.toString()).output();
    }
  }

  /// One page for each file and directory: the plugin does not fit, a configuration does.
  private static void mount(Path directory) throws IOException {
    Command.of("mount", "-t", "tmpfs", "-o", "size=32k", "node-install", directory.toString())
        .output();
  }

  private void start(Style style, String confName) throws Exception {
    launch(style, confName);
    Wait.until("installed", () -> heard.ready);
  }

  private void launch(Style style, String confName) {
    installation = new NodeInstallation(config(style, confName), heard, System::nanoTime);
    installation.start();
  }

  private InstallConfig config(Style style, String confName) {
    return new InstallConfig(
        new Mounted(plugins, Path.of("/opt/cni/bin")),
        new Mounted(networks, Path.of("/etc/cni/net.d")),
        style,
        confName,
        style == Style.ALONE ? "YY-istio-cni.conf" : "02-istio-cni.conflist",
        dist,
        new PluginEntry(
            Path.of("/var/run/istio-cni"),
            Path.of("/opt/cni/bin/adit-cni.state"),
            true,
            "istio-system",
            Set.of("kube-system")));
  }

  private Path put(String name, String content) throws IOException {
    return Files.writeString(networks.resolve(name), content);
  }

  private boolean hasEntry(String name) throws IOException {
    Path file = networks.resolve(name);
    return Files.exists(file) && Files.readString(file).contains("\"adit-cni\"");
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return new ArrayList<>(entries.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }
}
