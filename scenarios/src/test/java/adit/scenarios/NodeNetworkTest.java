package adit.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.Netns;
import adit.linux.Sysctl;
import adit.linux.topology.Command;
import adit.protos.security.Authorization;
import adit.protos.workload.NetworkMode;
import adit.protos.workload.Workload;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.lab.LabPod;
import adit.xds.TypeUrls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Nodes and pods whose network is not the usual one: without IPv6, and with ports of the node that
/// lead to a pod.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(120)
final class NodeNetworkTest {
  private static final String TEXT = "a text that comes back";
  private static final int NODE_PORT = 30_080;

  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod server;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
    server = mesh.right().addPod(Mesh.NAMESPACE, "server");
  }

  @Test
  void ipv6OffInAPod_ipv4IsTunnelledBothWays() throws Exception {
    assertTunnelledBothWays(addFour(two.right()));
  }

  @Test
  void ipv6OffOnANode_proxyIsReadyAndIpv4IsTunnelledBothWays() throws Exception {
    MeshNode node = two.mesh().addNode("four");
    try (Netns netns = node.open()) {
      ipv6Off(netns);
    }
    node.start(Map.of());
    node.serve();

    assertTunnelledBothWays(addFour(node));
  }

  /// A mesh of both families goes on beside it.
  @Test
  void ipv6OffInAPod_othersOfTheNodeKeepBoth() throws Exception {
    var _ = addFour(two.right());
    try (EchoServer app = server.echo()) {
      assertThat(client.client().exchange(server.ip6(), app.port(), TEXT)).isEqualTo(TEXT);
      assertThat(client.client().exchange(server.ip4(), app.port(), TEXT)).isEqualTo(TEXT);
    }
  }

  @Test
  void portOfTheNode_fromOutside_reachesThePodWithTheClientsAddress() throws Exception {
    LabPod stranger = two.mesh().addStranger(two.left());
    try (Netns outside = stranger.open();
        EchoServer app = server.echo();
        NodePort port = NodePort.open(two.right(), server.at(app.port()))) {
      assertThat(new TcpClient(outside).exchange(port.at(), TEXT)).isEqualTo(TEXT);

      assertThat(app.clients())
          .extracting(InetSocketAddress::getAddress)
          .containsExactly((InetAddress) stranger.ip4());
      assertThat(two.right().awaitAccess("src.addr=" + stranger.ip4().getHostAddress()))
          .contains("direction=\"inbound\"", "dst.workload=\"" + server.lab().name() + "\"");
    }
  }

  /// A node's address is no workload's, also where one shares it: the way is past the tunnel.
  @Test
  void portOfTheNode_fromTheMesh_isPassedThroughAlsoBesideAHostNetworkWorkload() throws Exception {
    Workload.Builder exporter =
        WireResources.workload(
                "istio-system", "node-exporter", "exporter", "right", two.right().lab().ip4())
            .setNetworkMode(NetworkMode.HOST_NETWORK);
    two.mesh().publish(exporter);
    try (EchoServer app = server.echo();
        NodePort port = NodePort.open(two.right(), server.at(app.port()))) {
      assertThat(client.client().exchange(port.at(), TEXT)).isEqualTo(TEXT);

      assertThat(app.clients())
          .extracting(InetSocketAddress::getAddress)
          .containsExactly((InetAddress) client.ip4());
      assertThat(two.left().awaitAccess("dst.addr=" + text(port.at())))
          .contains("direction=\"outbound\"")
          .doesNotContain("dst.hbone_addr", "node-exporter");
      assertThat(
              two.right()
                  .awaitAccess(
                      "direction=\"inbound\"",
                      "src.addr=" + client.ip4().getHostAddress(),
                      "dst.addr=" + text(server.at(app.port()))))
          .doesNotContain("src.identity");
    } finally {
      two.mesh()
          .control()
          .remove(TypeUrls.ADDRESS, WireResources.name(WireResources.address(exporter)));
    }
  }

  /// The port is the node's, not a way past the policy.
  @Test
  void portOfTheNode_underStrict_isRefusedAndSaid() throws Exception {
    MeshPod guarded = two.right().addPod(Mesh.NAMESPACE, "guarded-port");
    Authorization strict = Policies.strict("istio-system", "strict-for-ports");
    two.mesh().control().put(strict);
    two.mesh().publish(guarded.workload().addAuthorizationPolicies(WireResources.name(strict)));
    LabPod stranger = two.mesh().addStranger(two.left());
    try (Netns outside = stranger.open();
        EchoServer app = guarded.echo();
        NodePort port = NodePort.open(two.right(), guarded.at(app.port()))) {
      Eventually.holds("refused", Mesh.SOON, () -> !answers(new TcpClient(outside), port.at()));

      assertThat(
              two.right()
                  .awaitAccess(
                      "src.addr=" + stranger.ip4().getHostAddress(),
                      "istio-system/strict-for-ports"))
          .contains("no identity (plaintext)");
      assertThat(client.client().exchange(guarded.at(app.port()), TEXT)).isEqualTo(TEXT);
    } finally {
      two.mesh().control().remove(TypeUrls.AUTHORIZATION, WireResources.name(strict));
    }
  }

  private static String text(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  private static boolean answers(TcpClient from, InetSocketAddress to) {
    try {
      return from.exchange(to, TEXT).equals(TEXT);
    } catch (IOException e) {
      return false;
    }
  }

  private static void ipv6Off(Netns netns) throws IOException {
    Sysctl.write(netns, "net.ipv6.conf.all.disable_ipv6", "1");
    Sysctl.write(netns, "net.ipv6.conf.default.disable_ipv6", "1");
    Sysctl.write(netns, "net.ipv6.conf.lo.disable_ipv6", "1");
  }

  /// A captured pod without IPv6.
  private static MeshPod addFour(MeshNode node) throws IOException {
    MeshPod four = node.addOutsider(Mesh.NAMESPACE, "four");
    ipv6Off(four.netns());
    node.capture(four);
    two.mesh()
        .publish(
            WireResources.workload(
                four.namespace(),
                four.lab().name(),
                four.account(),
                node.lab().name(),
                four.ip4()));
    return four;
  }

  private static void assertTunnelledBothWays(MeshPod four) throws Exception {
    try (EchoServer app = four.echo()) {
      assertThat(client.client().exchange(four.at(app.port()), TEXT)).isEqualTo(TEXT);
      assertTunnelled(four.node(), client, four, app.port());
    }
    try (EchoServer app = server.echo()) {
      assertThat(four.client().exchange(server.at(app.port()), TEXT)).isEqualTo(TEXT);
      assertTunnelled(two.right(), four, server, app.port());
    }
  }

  private static void assertTunnelled(MeshNode at, MeshPod from, MeshPod to, int port)
      throws Exception {
    assertThat(
            at.awaitAccess(
                "dst.hbone_addr=" + to.ip4().getHostAddress() + ":" + port,
                "direction=\"inbound\""))
        .contains("src.identity=\"" + from.identity() + "\"");
  }

  /// A port of a node that leads to a pod, as the CNI's port mapping makes it for `hostPort`.
  private record NodePort(MeshNode node, InetSocketAddress at) implements AutoCloseable {
    private static final String TABLE = "inet hostport";

    static NodePort open(MeshNode node, InetSocketAddress pod) throws IOException {
      InetAddress address = node.lab().ip4();
      String rules =
          "table %s { chain in { type nat hook prerouting priority dstnat; ip daddr %s tcp dport %d dnat ip to %s:%d; }; }\n"
              .formatted(
                  TABLE,
                  address.getHostAddress(),
                  NODE_PORT,
                  pod.getAddress().getHostAddress(),
                  pod.getPort());
      Command.of("nft", "-f", "-").reading(rules).in(node.lab().netns()).output();
      return new NodePort(node, new InetSocketAddress(address, NODE_PORT));
    }

    @Override
    public void close() throws IOException {
      Command.of("nft", "delete", "table", "inet", "hostport").in(node.lab().netns()).output();
    }
  }
}
