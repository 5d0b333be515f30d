package adit.cni.agent.app;

import static adit.cni.agent.fake.FakeSource.namespace;
import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.FakeSource;
import adit.cni.agent.fake.FakeStatus;
import adit.cni.agent.fake.Wait;
import adit.cni.agent.install.InstallConfig;
import adit.cni.agent.install.InstallListener;
import adit.cni.agent.install.NodeInstallation;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.MeshState;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Command;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The mesh is removed from a node whose plugin was installed. Needs root.
final class DepartureTest {
  private static final String CHAINED =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"lab\",\"plugins\":[{\"type\":\"bridge\"},{\"type\":\"adit-cni\"}]}";

  @TempDir Path directory;

  private Fabric fabric;
  private FabricNode node;
  private Path plugins;
  private Path networks;

  /// Nobody listens: nothing is installed here.
  private static final class Deaf implements InstallListener {
    @Override
    public void pluginInstalled(Path plugin) {}

    @Override
    public void chained(Path file, boolean strife) {}

    @Override
    public void inPlace(Path file) {}

    @Override
    public void waiting(String reason) {}

    @Override
    public void failed(String reason) {}
  }

  @BeforeEach
  void build() throws IOException {
    fabric = Fabric.create("cni-depart-test", AddressPlan.standard());
    node = fabric.addNode("n1");
    plugins = Files.createDirectories(directory.resolve("opt/cni/bin"));
    networks = Files.createDirectories(directory.resolve("etc/cni/net.d"));
    Command.of("mount", "-t", "tmpfs", "-o", "size=32k", "cni-depart-test", networks.toString())
        .output();
    Files.writeString(networks.resolve("10-lab.conflist"), CHAINED);
  }

  @AfterEach
  void end() throws IOException {
    Command.of("umount", networks.toString()).output();
    fabric.close();
  }

  @Test
  void depart_takesThePluginAndItsRecordAway() throws Exception {
    depart();

    assertThat(networks.resolve("10-lab.conflist")).content().doesNotContain("adit");
    try (var left = Files.list(plugins)) {
      assertThat(left).isEmpty();
    }
  }

  /// The entry stays, and then pods must not wait for an agent that never comes.
  @Test
  void depart_configurationCannotBeWritten_theRecordLetsPodsStart() throws Exception {
    Command.of("mount", "-o", "remount,ro", networks.toString()).output();

    depart();

    assertThat(networks.resolve("10-lab.conflist")).hasContent(CHAINED);
    assertThat(MeshState.read(plugins.resolve("adit-cni.state"))).isEqualTo(MeshState.unknown());
    try (var left = Files.list(directory.resolve("run"))) {
      assertThat(left).as("sockets, lock").isEmpty();
    }
  }

  private void depart() throws Exception {
    FakeSource source =
        new FakeSource().put(namespace("shop", Map.of("istio.io/dataplane-mode", "ambient")));
    AgentConfig config = config();
    InstallConfig install = Objects.requireNonNull(config.install());
    Reports reports = new Reports(Log.silent(), new Metrics(), new FakeStatus());
    try (ClusterPlace place =
            new ClusterPlace(
                config,
                Log.silent(),
                new KubernetesClientBuilder()
                    .withConfig(new ConfigBuilder().withMasterUrl("http://127.0.0.1:1").build())
                    .build());
        Agent agent = new Agent(config, source, reports, ZdsServer.Limits.DEFAULT)) {
      assertThat(agent.start(new CountDownLatch(1))).isTrue();
      Wait.until("record", () -> MeshState.read(install.stateFile()).inMesh("shop", "web"));

      place.depart(agent, new NodeInstallation(install, new Deaf(), System::nanoTime));
    }
  }

  private AgentConfig config() {
    return AgentConfig.of(
            Map.of(
                "NODE_NAME", "n1",
                "CNI_AGENT_RUN_DIR", directory.resolve("run").toString(),
                "ZTUNNEL_UDS_ADDRESS", directory.resolve("run/ztunnel.sock").toString(),
                "ADIT_HOST_ROOT", "/",
                "AMBIENT_DISABLE_SAFE_UPGRADE", "true",
                "MOUNTED_CNI_BIN_DIR", plugins.toString(),
                "MOUNTED_CNI_NET_DIR", networks.toString()))
        .withHostNetwork(node.netns().path());
  }
}
