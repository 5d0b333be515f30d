package adit.scenarios;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import adit.identity.CertificateChain;
import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.lab.LabProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Beginning and end of a proxy, and what it does when it runs out of something. Each test has a
/// process of its own.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class LifecycleTest {
  private static SharedMesh two;
  private static MeshPod client;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
  }

  private static boolean echoes(Socket socket) throws IOException {
    socket.getOutputStream().write('e');
    return socket.getInputStream().read() == 'e';
  }

  @Test
  void sigterm_whatRunsFinishes_peersAreToldToGo_nothingNewIsTaken_thenItEnds() throws Exception {
    MeshNode node =
        two.mesh().addNode("draining", Map.of("CONNECTION_TERMINATION_DEADLINE", "30s"));
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    CertificateChain own =
        two.mesh()
            .control()
            .ca()
            .authority()
            .issue(new SpiffeId("cluster.local", "x", "peer"), Duration.ofHours(1));
    try (EchoServer app = server.echo();
        Netns outside = two.mesh().addStranger(two.left()).open();
        Socket inbound = client.client().connect(server.at(app.port()));
        RawPeer peer = RawPeer.connect(outside, server.at(0), own, own.roots()).greet()) {
      assertThat(echoes(inbound)).isTrue();
      assertThat(peer.connect(1, server.ip4().getHostAddress() + ":" + app.port()).status())
          .asString()
          .isEqualTo("200");

      node.process().terminate();
      node.awaitLog("shutting down", "SIGTERM");

      peer.await(RawPeer.GOAWAY);
      peer.frame(RawPeer.DATA, RawPeer.END_STREAM, 1, "late".getBytes(US_ASCII));
      assertThat(peer.await(RawPeer.DATA).payload().toString(US_ASCII)).isEqualTo("late");
      assertThat(echoes(inbound)).isTrue();
      Eventually.holds("new tunnels are refused", Mesh.SOON, () -> isRefused(outside, server));
      assertThat(node.process().isAlive()).isTrue();
    }
    assertThat(node.process().waitFor(Mesh.SOON)).isZero();
    node.awaitLog("drained", "complete=true");
  }

  @Test
  void sigterm_withoutSuccessor_newConnectionsAreServedUntilTheAgentTakesThePodOut()
      throws Exception {
    MeshNode node =
        two.mesh()
            .addNode(
                "alone",
                Map.of("CONNECTION_TERMINATION_DEADLINE", "60s", "ADIT_SUCCESSOR_WAIT", "55s"));
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    try (EchoServer app = server.echo()) {
      assertThat(client.client().exchange(server.at(app.port()), "x")).isEqualTo("x");

      node.process().terminate();
      node.awaitLog("shutting down", "SIGTERM");

      for (int i = 0; i < 20; i++) {
        assertThat(client.client().exchange(server.at(app.port()), "y")).isEqualTo("y");
      }
      node.removePod(server);
    }
    assertThat(node.process().waitFor(Mesh.SOON)).isZero();
  }

  @Test
  void sigterm_withSuccessor_listenersCloseAsSoonAsItServes() throws Exception {
    MeshNode node =
        two.mesh()
            .addNode(
                "followed",
                Map.of("CONNECTION_TERMINATION_DEADLINE", "60s", "ADIT_SUCCESSOR_WAIT", "55s"));
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    node.process().terminate();
    node.awaitLog("shutting down", "SIGTERM");

    try (Netns inside = server.lab().open();
        ServerSocketChannel _ = inside.call(LifecycleTest::beside)) {
      assertThat(node.process().waitFor(Mesh.SOON)).isZero();
    }
  }

  /// What a successor opens last.
  private static ServerSocketChannel beside() throws IOException {
    ServerSocketChannel socket = ServerSocketChannel.open();
    return socket
        .setOption(StandardSocketOptions.SO_REUSEPORT, true)
        .bind(new InetSocketAddress(15001));
  }

  private static boolean isRefused(Netns from, MeshPod pod) {
    try (Socket _ = new TcpClient(from).connect(pod.at(15008))) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void sigterm_connectionsWithoutEnd_areCutAtTheDeadline() throws Exception {
    MeshNode node = two.mesh().addNode("cutting", Map.of("CONNECTION_TERMINATION_DEADLINE", "1s"));
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    try (EchoServer app = server.echo();
        Socket inbound = client.client().connect(server.at(app.port()))) {
      assertThat(echoes(inbound)).isTrue();
      node.process().terminate();
      assertThat(Ends.of(inbound)).isTrue();
      assertThat(node.process().waitFor(Mesh.SOON)).isZero();
      node.awaitLog("drained", "complete=false");
      node.awaitAccess("connection closed due to connection drain", "\terror\t");
    }
  }

  @Test
  void wrongConfiguration_endsAtOnceAndNamesTheVariable() throws Exception {
    MeshNode node = two.mesh().addNode("wrong");
    LabProcess process = node.start(Map.of("HTTP2_FRAME_SIZE", "many"));
    assertThat(process.waitFor(Mesh.SOON)).isEqualTo(1);
    node.awaitLog("cannot start", "HTTP2_FRAME_SIZE", "many", "\terror\t");
  }

  @Test
  void connectionsOverTheBound_waitInTheKernel_andGoOnWhenThereIsRoom() throws Exception {
    MeshNode node = two.mesh().addNode("bounded", Map.of("ADIT_MAX_CONNECTIONS", "24"));
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    MeshPod inside = node.addPod(Mesh.NAMESPACE, "inside");
    List<Socket> open = new ArrayList<>();
    try (EchoServer app = server.echo()) {
      for (int i = 0; i < 40; i++) {
        open.add(inside.client().connect(server.at(app.port())));
      }
      node.awaitLog(
          "accepting is paused: the limit is reached", "what=\"connections\"", "limit=24");
      for (Socket one : open.subList(0, 30)) {
        one.close();
      }
      node.awaitLog("accepting goes on", "what=\"connections\"");
      assertThat(echoes(open.getLast())).as("the one that waited longest").isTrue();
      assertThat(node.metric("adit_admission_connections_pauses")).isPositive();
    } finally {
      for (Socket one : open) {
        one.close();
      }
    }
  }

  @Test
  void descriptorsUsedUp_isSaid_whatRunsGoesOn_andItRecovers() throws Exception {
    MeshNode node = two.mesh().addNode("poor");
    // More connections are allowed than there are descriptors, so that the kernel refuses them.
    node.start(
        Map.of("ADIT_SPARE_DESCRIPTORS", "8", "ADIT_MAX_CONNECTIONS", "100000"),
        List.of("prlimit", "--nofile=" + FEW + ":" + FEW));
    node.serve();
    MeshPod server = node.addPod(Mesh.NAMESPACE, "server");
    List<Socket> open = new ArrayList<>();
    try (EchoServer app = server.echo();
        Socket before = client.client().connect(server.at(app.port()))) {
      assertThat(echoes(before)).isTrue();
      Netns outside = two.mesh().addStranger(two.left()).open();
      try (outside) {
        fill(new TcpClient(outside, Duration.ofSeconds(2)), server.at(app.port()), open);
      }
      // Whichever call of the two meets the end first: accept, or the connection to the
      // application.
      node.awaitLog("Too many open files", "\terror\t");
      assertThat(echoes(before)).as("a connection that was open before").isTrue();
      for (Socket one : open) {
        one.close();
      }
      Eventually.holds(
          "new connections work again",
          Mesh.SOON,
          () -> client.client().exchange(server.at(app.port()), "x").equals("x"));
      Eventually.holds(
          Mesh.SOON, () -> node.metric("process_open_fds") < node.metric("process_max_fds") / 2);
    } finally {
      for (Socket one : open) {
        one.close();
      }
    }
  }

  private static final int FEW = 400;

  /// Opens as many connections as are taken: when the proxy accepts no more, and the queue of its
  /// listener is full, the next one is not answered.
  private static void fill(TcpClient client, InetSocketAddress to, List<Socket> open) {
    try {
      while (open.size() < FEW) {
        open.add(client.connect(to));
      }
    } catch (IOException _) {
      // No more are taken.
      return;
    }
  }
}
