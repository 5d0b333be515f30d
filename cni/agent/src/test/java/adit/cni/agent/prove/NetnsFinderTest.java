package adit.cni.agent.prove;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.Netns;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricPod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Real namespaces, and a `/proc` made of files. Needs root.
final class NetnsFinderTest {
  private static final String UID = "2b1c6a1e-6b1f-4c8e-9f0e-0a5f4f0c3d11";

  private static Fabric fabric;
  private static FabricPod pod;
  private static FabricPod other;
  private static Netns node;

  @TempDir Path host;

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create("cni-finder-test", AddressPlan.standard());
    var built = fabric.addNode("n1");
    pod = built.addPod("pod");
    other = built.addPod("other");
    node = built.netns().open();
  }

  @AfterAll
  static void remove() throws IOException {
    node.close();
    fabric.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0::/kubepods/burstable/pod2b1c6a1e-6b1f-4c8e-9f0e-0a5f4f0c3d11/abc",
        "0::/kubepods.slice/kubepods-pod2b1c6a1e_6b1f_4c8e_9f0e_0a5f4f0c3d11.slice/cri-containerd-abc.scope",
        "12:memory:/system.slice\n1:name=systemd:/kubepods/pod2b1c6a1e-6b1f-4c8e-9f0e-0a5f4f0c3d11/abc",
      })
  void known_processOfThePod_givesItsNamespace(String cgroup) throws IOException {
    process("30", cgroup, 700, pod.netns().path());
    process("4", cgroup, 900, other.netns().path());
    process("5", "0::/init.scope", 1, other.netns().path());

    try (Netns found = finder().knownOrNull(UID, "", addresses());
        Netns expected = pod.netns().open()) {
      assertThat(found).isNotNull();
      assertThat(found.id()).isEqualTo(expected.id());
    }
  }

  @Test
  void known_noProcess_isNull() throws IOException {
    Files.createDirectories(host.resolve("proc"));

    assertThat(finder().knownOrNull(UID, "", addresses())).isNull();
  }

  @Test
  void known_namespaceOfAnotherPod_isRefused() throws IOException {
    process("30", "0::/kubepods/pod" + UID, 700, other.netns().path());

    assertThatThrownBy(() -> finder().knownOrNull(UID, "", addresses()))
        .hasMessageContaining("none of the pod's addresses");
  }

  @Test
  void open_nodesNamespaceOrAFile_isRefused() throws IOException {
    Path file = Files.createFile(host.resolve("file"));
    link("node", Path.of("/run/netns", fabric.instance() + ".n1"));

    assertThatThrownBy(() -> finder().open("/node", List.of()))
        .hasMessageContaining("it is the node's");
    assertThatThrownBy(() -> finder().open("/" + file.getFileName(), List.of()))
        .hasMessageContaining("some other file");
    assertThatThrownBy(() -> finder().open("/../../etc/absent", List.of()))
        .hasMessageContaining("etc/absent");
  }

  private NetnsFinder finder() throws IOException {
    return new NetnsFinder(host, node.id(), System::nanoTime);
  }

  private static List<InetAddress> addresses() {
    return List.of(pod.addresses().ip6(), pod.addresses().ip4());
  }

  private void process(String pid, String cgroup, long start, Path netns) throws IOException {
    Path process =
        Files.createDirectories(host.resolve("proc").resolve(pid).resolve("ns")).getParent();
    Files.writeString(host.resolve("proc").resolve(pid).resolve("cgroup"), cgroup + "\n");
    String before = " S" + " 0".repeat(18) + " ";
    Files.writeString(
        host.resolve("proc").resolve(pid).resolve("stat"),
        pid + " (a ) b)" + before + start + " 0 0\n");
    assertThat(process).isNotNull();
    link("proc/" + pid + "/ns/net", netns);
  }

  private void link(String name, Path target) throws IOException {
    Files.createSymbolicLink(host.resolve(name), target);
  }
}
