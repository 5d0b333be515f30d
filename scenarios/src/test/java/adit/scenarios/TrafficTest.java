package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.linux.Netns;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.protos.workload.WorkloadStatus;
import adit.testkit.Conversation;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.lab.Capture;
import adit.testkit.lab.CapturedPacket;
import adit.testkit.lab.LabPod;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bytes between applications, through two proxies or past them.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class TrafficTest {
  private static final String MARKER = "a marker that nobody on the wire may read";

  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod server;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws IOException {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
    server = mesh.right().addPod(Mesh.NAMESPACE, "server");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exchange_betweenPods_isTunnelledWithIdentitiesAndTheClientsAddress(boolean six)
      throws Exception {
    InetAddress from = six ? client.ip6() : client.ip4();
    InetAddress to = six ? server.ip6() : server.ip4();
    try (EchoServer app = server.echo();
        Capture wire = two.left().lab().capture("tcp")) {
      assertThat(client.client().exchange(to, app.port(), MARKER)).isEqualTo(MARKER);

      assertThat(app.clients()).extracting(InetSocketAddress::getAddress).containsExactly(from);
      String target = (six ? "[" + literal(to) + "]" : literal(to)) + ":" + app.port();
      String identities = "src.identity=\"" + client.identity() + "\"";
      assertThat(two.left().awaitAccess("dst.hbone_addr=" + target, "direction=\"outbound\""))
          .contains("\tinfo\t", identities, "dst.identity=\"" + server.identity() + "\"")
          .contains("bytes_sent=" + MARKER.length(), "bytes_recv=" + MARKER.length());
      assertThat(two.right().awaitAccess("dst.hbone_addr=" + target, "direction=\"inbound\""))
          .contains("\tinfo\t", identities, "dst.identity=\"" + server.identity() + "\"");
      List<CapturedPacket> packets =
          wire.stop().stream().filter(one -> isBetween(one, from, to)).toList();
      assertThat(packets)
          .isNotEmpty()
          .allMatch(packet -> packet.hasPort(15008))
          .noneMatch(packet -> packet.payloadContains(MARKER));
    }
  }

  private static boolean isBetween(CapturedPacket packet, InetAddress one, InetAddress other) {
    return Set.of(packet.source().getAddress(), packet.destination().getAddress())
        .equals(Set.of(one, other));
  }

  private static String literal(InetAddress address) {
    return NetUtil.toAddressString(address);
  }

  @Test
  void halfClose_byClient_leavesTheAnswerItsWay() throws Exception {
    try (EchoServer app = server.serve(Conversation.counting())) {
      assertThat(client.client().exchange(server.at(app.port()), MARKER))
          .isEqualTo(Integer.toString(MARKER.length()));
    }
  }

  @Test
  void halfClose_byServer_leavesTheClientsBytesTheirWay() throws Exception {
    CompletableFuture<String> heard = new CompletableFuture<>();
    Conversation hangsUpButListens =
        socket -> {
          socket.getOutputStream().write("bye".getBytes(UTF_8));
          socket.shutdownOutput();
          heard.complete(new String(socket.getInputStream().readAllBytes(), UTF_8));
        };
    try (EchoServer app = server.serve(hangsUpButListens);
        Socket socket = client.client().connect(server.at(app.port()))) {
      assertThat(socket.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("bye");
      socket.getOutputStream().write("still here".getBytes(UTF_8));
      socket.shutdownOutput();
      assertThat(heard.get(15, TimeUnit.SECONDS)).isEqualTo("still here");
    }
  }

  @Test
  void serverFirst_applicationThatGreets_isHeardWithoutAWordOfTheClient() throws Exception {
    try (EchoServer app = server.serve(Conversation.greeting("220 hello"));
        Socket socket = client.client().connect(server.at(app.port()))) {
      assertThat(socket.getInputStream().readNBytes(9)).asString(UTF_8).isEqualTo("220 hello");
    }
  }

  @Test
  void reset_byClient_endsTheApplicationsConnection() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    Conversation untilOver =
        socket -> {
          try {
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
          } finally {
            over.countDown();
          }
        };
    try (EchoServer app = server.serve(untilOver)) {
      try (Socket socket = client.client().connect(server.at(app.port()))) {
        socket.getOutputStream().write(1);
        socket.setSoLinger(true, 0);
      }
      assertThat(over.await(15, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void bulk_fortyMegabytesEachWayAtOnce_arriveUnchanged() throws Exception {
    byte[] block = new byte[1 << 20];
    new Random(1).nextBytes(block);
    int blocks = 40;
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    try (EchoServer app = server.echo();
        Socket socket = client.client().connect(server.at(app.port()))) {
      CompletableFuture<Throwable> writing = new CompletableFuture<>();
      Thread.ofPlatform()
          .start(() -> {
            try {
              for (int i = 0; i < blocks; i++) {
                block[0] = (byte) i;
                sent.update(block);
                socket.getOutputStream().write(block);
              }
              socket.shutdownOutput();
              writing.complete(new Exception("none"));
            } catch (IOException e) {
              writing.complete(e);
            }
          });
      MessageDigest received = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(socket.getInputStream(), received)) {
        assertThat(in.transferTo(OutputStream.nullOutputStream())).isEqualTo((long) blocks << 20);
      }
      assertThat(writing.get(15, TimeUnit.SECONDS)).hasMessage("none");
      assertThat(HexFormat.of().formatHex(received.digest()))
          .isEqualTo(HexFormat.of().formatHex(sent.digest()));
    }
  }

  @Test
  void slowReader_stopsTheWriter_withoutFillingTheProxies_andOthersGoOn() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    Conversation late =
        socket -> {
          try {
            read.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          Conversation.counting().with(socket);
        };
    try (EchoServer slow = server.serve(late);
        EchoServer quick = server.echo();
        Stalled writer = Stalled.fill(client, server.at(slow.port()))) {
      // Two sockets' buffers, a stream's window of 4 MiB and what the proxies hold; a proxy that
      // buffers without end takes everything that is offered.
      assertThat(writer.taken()).isLessThan(64L << 20);
      assertThat(client.client().exchange(server.at(quick.port()), MARKER)).isEqualTo(MARKER);
      read.countDown();
      assertThat(writer.finish()).isEqualTo(Long.toString(writer.taken()));
    }
  }

  @Test
  void service_itsAddress_leadsToHealthyEndpointsOnly_andToOnesThatRecover() throws Exception {
    InetAddress vip = InetAddress.getByName("10.96.1.10");
    MeshPod other = two.right().addPod(Mesh.NAMESPACE, "server");
    Conversation first = Conversation.greeting("first");
    Conversation second = Conversation.greeting("second");
    try (EchoServer _ = EchoServer.start(server.netns(), 8181, first);
        EchoServer _ = EchoServer.start(other.netns(), 8181, second)) {
      Service.Builder service = WireResources.service(Mesh.NAMESPACE, "shop", 80, 8181, vip);
      two.mesh().control().put(WireResources.address(service));
      Workload.Builder sick =
          WireResources.endpointOf(service, other.workload()).setStatus(WorkloadStatus.UNHEALTHY);
      two.mesh().publish(WireResources.endpointOf(service, server.workload()), sick);
      InetSocketAddress shop = new InetSocketAddress(vip, 80);
      for (int i = 0; i < 20; i++) {
        assertThat(client.client().exchange(shop, "")).isEqualTo("first");
      }
      assertThat(two.left().awaitAccess("dst.service=\"shop.default.svc.cluster.local\""))
          .contains("dst.hbone_addr=" + literal(server.ip4()) + ":8181");

      two.mesh().publish(sick.setStatus(WorkloadStatus.HEALTHY));
      Set<String> heard = new HashSet<>();
      for (int i = 0; i < 60 && heard.size() < 2; i++) {
        heard.add(client.client().exchange(shop, ""));
      }
      assertThat(heard).containsExactlyInAnyOrder("first", "second");

      two.mesh()
          .publish(
              sick.setStatus(WorkloadStatus.UNHEALTHY),
              WireResources.endpointOf(service, server.workload())
                  .setStatus(WorkloadStatus.UNHEALTHY));
      assertThat(client.client().exchange(shop, "")).isEmpty();
      assertThat(two.left().awaitAccess("no healthy upstream"))
          .contains("10.96.1.10:80", "direction=\"outbound\"");
      two.mesh().publish(server.workload());
    }
  }

  @Test
  void service_endpointWhoseApplicationIsAway_isLeftForAnother() throws Exception {
    InetAddress vip = InetAddress.getByName("10.96.1.11");
    MeshPod empty = two.right().addPod(Mesh.NAMESPACE, "server");
    try (EchoServer app = EchoServer.start(server.netns(), 8282, Conversation.echo())) {
      Service.Builder service = WireResources.service(Mesh.NAMESPACE, "half", 80, 8282, vip);
      two.mesh().control().put(WireResources.address(service));
      two.mesh()
          .publish(
              WireResources.endpointOf(service, server.workload()),
              WireResources.endpointOf(service, empty.workload()));
      for (int i = 0; i < 20; i++) {
        assertThat(client.client().exchange(new InetSocketAddress(vip, 80), "x")).isEqualTo("x");
      }
      assertThat(app.clients()).hasSize(20);
    } finally {
      two.mesh().publish(server.workload());
    }
  }

  @Test
  void passthrough_destinationOutsideTheMesh_isReachedPlainlyAsThePod() throws Exception {
    try (Netns outside = two.mesh().host().open();
        EchoServer app = EchoServer.start(outside, 0);
        Capture wire = two.left().lab().capture("tcp port " + app.port())) {
      InetSocketAddress target = new InetSocketAddress(two.mesh().host().ip4(), app.port());
      assertThat(client.client().exchange(target, MARKER)).isEqualTo(MARKER);
      assertThat(app.clients())
          .extracting(InetSocketAddress::getAddress)
          .containsExactly(client.ip4());
      assertThat(two.left().awaitAccess("dst.addr=" + literal(target.getAddress()) + ":"))
          .contains("direction=\"outbound\"")
          .doesNotContain("src.identity", "dst.hbone_addr");
      assertThat(wire.stop()).anyMatch(packet -> packet.payloadContains(MARKER));
    }
  }

  @Test
  void workloadWithoutATunnel_isReachedPlainly() throws Exception {
    LabPod plain = two.mesh().addStranger(two.right());
    two.mesh()
        .publish(
            WireResources.workload(Mesh.NAMESPACE, plain.name(), "plain", "right", plain.ip4())
                .setTunnelProtocol(TunnelProtocol.NONE));
    try (Netns netns = plain.open();
        EchoServer app = EchoServer.start(netns, 0)) {
      assertThat(client.client().exchange(plain.ip4(), app.port(), MARKER)).isEqualTo(MARKER);
      assertThat(two.left().awaitAccess("dst.addr=" + literal(plain.ip4()) + ":" + app.port()))
          .contains("dst.workload=\"" + plain.name() + "\"")
          .doesNotContain("dst.identity");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void plaintext_fromAStranger_passesThePortForItWithTheStrangersAddress(boolean six)
      throws Exception {
    LabPod stranger = two.mesh().addStranger(two.left());
    try (Netns netns = stranger.open();
        EchoServer app = server.echo()) {
      InetAddress to = six ? server.ip6() : server.ip4();
      assertThat(new TcpClient(netns).exchange(to, app.port(), MARKER)).isEqualTo(MARKER);
      InetAddress from = six ? stranger.ip6() : stranger.ip4();
      assertThat(app.clients()).extracting(InetSocketAddress::getAddress).containsExactly(from);
      assertThat(
              two.right()
                  .awaitAccess("src.addr=" + (six ? "[" + literal(from) + "]" : literal(from))))
          .contains("direction=\"inbound\"", "dst.workload=\"" + server.lab().name() + "\"")
          .doesNotContain("src.identity", "dst.hbone_addr");
    }
  }

  @Test
  void applicationAway_clientIsClosed_andBothSidesSayWhy() throws Exception {
    int nobody = 9; // discard; nothing listens there
    assertThat(client.client().exchange(server.at(nobody), "")).isEmpty();
    String target = "dst.hbone_addr=" + literal(server.ip4()) + ":" + nobody;
    assertThat(two.left().awaitAccess(target, "\terror\t")).contains("503");
    assertThat(two.right().awaitAccess(target, "\terror\t")).contains("connection failed");
  }

  @Test
  void podsOfOneNode_areTunnelledToo() throws Exception {
    MeshPod neighbour = two.right().addPod(Mesh.NAMESPACE, "neighbour");
    try (EchoServer app = server.echo()) {
      assertThat(neighbour.client().exchange(server.at(app.port()), MARKER)).isEqualTo(MARKER);
      String target = "dst.hbone_addr=" + literal(server.ip4()) + ":" + app.port();
      assertThat(two.right().awaitAccess(target, "direction=\"inbound\""))
          .contains("src.identity=\"" + neighbour.identity() + "\"");
    }
  }

  @Test
  void pod_deleted_itsConnectionsEndAndItIsServedNoMore() throws Exception {
    MeshPod going = two.right().addPod(Mesh.NAMESPACE, "going");
    try (EchoServer app = going.echo();
        Socket socket = client.client().connect(going.at(app.port()))) {
      socket.getOutputStream().write(1);
      assertThat(socket.getInputStream().read()).isEqualTo(1);
      two.right().removePod(going);
      assertThat(Ends.of(socket)).isTrue();
      Eventually.holds(
          Mesh.SOON, () -> !two.right().get(15000, "/config_dump").contains(going.uid()));
    }
  }
}
