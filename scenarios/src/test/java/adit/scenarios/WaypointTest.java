package adit.scenarios;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import adit.model.authorize.Refusal;
import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Scope;
import adit.protos.workload.ApplicationTunnel;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.Service;
import adit.protos.workload.Workload;
import adit.protos.workload.WorkloadStatus;
import adit.scenarios.ScriptedWaypoint.Asked;
import adit.testkit.Conversation;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import adit.testkit.WireResources;
import adit.testkit.lab.Capture;
import adit.xds.TypeUrls;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The node proxy's ways to waypoints that a test plays.
@ExtendWith(SharedMesh.Extension.class)
@Timeout(90)
final class WaypointTest {
  private static final InetSocketAddress SHOP = new InetSocketAddress("10.96.7.1", 80);
  private static final String MARKER = "nobody on the wire may read this";

  private static SharedMesh two;
  private static MeshPod client;
  private static MeshPod server;
  private static ScriptedWaypoint first;
  private static ScriptedWaypoint second;

  private final Service.Builder waypointService =
      WireResources.service(Mesh.NAMESPACE, "waypoint", 15008, 15008, address("10.96.7.2"));
  private final Service.Builder shop =
      WireResources.service(Mesh.NAMESPACE, "guarded-shop", 80, 8383, SHOP.getAddress());
  private EchoServer app;

  @BeforeAll
  static void addPods(SharedMesh mesh) throws Exception {
    two = mesh;
    client = mesh.left().addPod(Mesh.NAMESPACE, "client");
    server = mesh.right().addPod(Mesh.NAMESPACE, "server");
    first = ScriptedWaypoint.start(mesh.mesh(), mesh.right(), "waypoint");
    second = ScriptedWaypoint.start(mesh.mesh(), mesh.left(), "waypoint");
  }

  @AfterAll
  static void close() {
    first.close();
    second.close();
  }

  private static InetAddress address(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  @BeforeEach
  void serve() throws IOException {
    app = EchoServer.start(server.netns(), 8383);
    shop.setWaypoint(byName(waypointService));
    two.mesh().control().put(WireResources.address(waypointService), WireResources.address(shop));
    two.mesh().publish(WireResources.endpointOf(shop, server.workload()), waypoint(first, "right"));
  }

  @AfterEach
  void leaveAsItWas() throws IOException {
    app.close();
    first.refuse(null);
    two.mesh()
        .control()
        .remove(
            TypeUrls.ADDRESS,
            WireResources.name(WireResources.address(shop)),
            WireResources.name(WireResources.address(waypointService)),
            first.workload("right").getUid(),
            second.workload("left").getUid());
    two.mesh().publish(server.workload());
  }

  private Workload.Builder waypoint(ScriptedWaypoint one, String node) {
    return WireResources.endpointOf(waypointService, one.workload(node));
  }

  private static GatewayAddress byName(Service.Builder service) {
    return GatewayAddress.newBuilder()
        .setHostname(
            NamespacedHostname.newBuilder()
                .setNamespace(service.getNamespace())
                .setHostname(service.getHostname()))
        .setHboneMtlsPort(15008)
        .build();
  }

  private static String answerOf(ScriptedWaypoint waypoint, String text) {
    return waypoint.pod().name() + ":" + text;
  }

  private static Asked last(ScriptedWaypoint waypoint) {
    return waypoint.asked().getLast();
  }

  @Test
  void service_isReachedThroughItsWaypoint_asTheClientDialledIt() throws Exception {
    try (Capture wire = two.left().lab().capture("tcp")) {
      assertThat(client.client().exchange(SHOP, MARKER)).isEqualTo(answerOf(first, MARKER));

      Asked asked = last(first);
      assertThat(asked.authority()).isEqualTo("10.96.7.1:80");
      assertThat(asked.peer()).isEqualTo(client.identity().toString());
      assertThat(asked.from()).isEqualTo(client.ip4().getHostAddress());
      assertThat(asked.forwarded())
          .startsWith("for=\"" + client.ip4().getHostAddress() + ":")
          .endsWith(";host=guarded-shop.default.svc.cluster.local");
      assertThat(app.clients()).isEmpty();
      assertThat(two.left().awaitAccess("dst.hbone_addr=10.96.7.1:80", "direction=\"outbound\""))
          .contains(
              "\tinfo\t",
              "dst.addr=" + first.pod().ip4().getHostAddress() + ":15008",
              "dst.service=\"guarded-shop.default.svc.cluster.local\"",
              "dst.workload=\"" + first.pod().name() + "\"",
              "dst.identity=\"" + first.identity() + "\"");
      assertThat(wire.stop()).noneMatch(packet -> packet.payloadContains(MARKER));
    }
  }

  @Test
  void service_unboundAgain_isReachedDirectly() throws Exception {
    assertThat(client.client().exchange(SHOP, "a")).isEqualTo(answerOf(first, "a"));
    two.mesh().control().put(WireResources.address(shop.clearWaypoint()));
    two.mesh().control().awaitSynced(Mesh.SOON);
    assertThat(client.client().exchange(SHOP, "b")).isEqualTo("b");
  }

  @Test
  void waypoints_shareTheConnections_andOneThatIsAwayCostsNone() throws Exception {
    two.mesh().publish(waypoint(second, "left"));
    Map<String, Integer> served = new HashMap<>();
    for (int i = 0; i < 60; i++) {
      served.merge(client.client().exchange(SHOP, ""), 1, Integer::sum);
    }
    assertThat(served).containsOnlyKeys(answerOf(first, ""), answerOf(second, ""));
    assertThat(served.values()).allMatch(count -> count > 12);

    first.leave();
    try {
      for (int i = 0; i < 40; i++) {
        assertThat(client.client().exchange(SHOP, "")).isEqualTo(answerOf(second, ""));
      }
    } finally {
      first.listen();
    }
  }

  /// Cut in the middle of what it does, as by SIGKILL. Clients repeat once, as those of HTTP do
  /// with requests that may be repeated.
  @Test
  void waypoint_thatIsKilledUnderLoad_costsNoRequestThatMayBeRepeated() throws Exception {
    two.mesh().publish(waypoint(second, "left"));
    var answered = new AtomicInteger();
    var over = new AtomicBoolean();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(Thread.ofPlatform().start(() -> ask(answered, over, failures)));
    }
    try {
      awaitAnswers(answered, 100);
      first.leave();
      awaitAnswers(answered, answered.get() + 100);
    } finally {
      over.set(true);
      for (Thread one : clients) {
        one.join();
      }
      first.listen();
    }

    assertThat(failures).isEmpty();
  }

  private static void awaitAnswers(AtomicInteger answered, int many) {
    Eventually.holds(many + " answers", Mesh.SOON, () -> answered.get() >= many);
  }

  private static void ask(AtomicInteger answered, AtomicBoolean over, Queue<String> failures) {
    while (!over.get()) {
      boolean atOnce = isAnswered();
      if (atOnce || isAnswered()) {
        answered.incrementAndGet();
      } else {
        failures.add("twice, after " + answered);
      }
    }
  }

  private static boolean isAnswered() {
    try {
      String answer = client.client().exchange(SHOP, MARKER);
      return answer.equals(answerOf(first, MARKER)) || answer.equals(answerOf(second, MARKER));
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void noWaypointLeft_theClientIsClosed_andToldWhichOneIsMissing() throws Exception {
    two.mesh().publish(waypoint(first, "right").setStatus(WorkloadStatus.UNHEALTHY));

    assertThat(isRefused(client, SHOP)).isTrue();

    assertThat(app.clients()).as("never around it").isEmpty();
    String name = "waypoint default/waypoint.default.svc.cluster.local:15008";
    assertThat(two.left().awaitAccess("10.96.7.1:80", name))
        .contains("no healthy upstream", "1 endpoints, 0 healthy", "refusal.stage=\"RESOLVE\"");
    assertThat(two.left().get(15000, "/refusals")).contains(name);

    two.mesh().publish(waypoint(first, "right").setStatus(WorkloadStatus.HEALTHY));
    assertThat(client.client().exchange(SHOP, "back")).isEqualTo(answerOf(first, "back"));
  }

  @Test
  void onlyWaypointDoesNotListen_theClientIsClosed_neverAroundIt() throws Exception {
    first.leave();
    try {
      assertThat(isRefused(client, SHOP)).isTrue();
      assertThat(app.clients()).isEmpty();
      two.left().awaitAccess("waypoint default/waypoint.default.svc.cluster.local:15008: ");
    } finally {
      first.listen();
    }
  }

  @Test
  void refusalByTheWaypoint_isToldAtTheClientsNode_withItsReason() throws Exception {
    first.refuse(
        new Refusal("id7", Refusal.Stage.AUTHORIZE, "default/only-web", "0", "web", "me", ""));

    assertThat(isRefused(client, SHOP)).isTrue();

    assertThat(two.left().awaitAccess("refusal.id=\"id7\""))
        .contains("waypoint default/waypoint", "refusal.policy=\"default/only-web\"");
    assertThat(app.clients()).isEmpty();
  }

  @Test
  void imposter_atTheWaypointsAddress_isNotTrusted_untilItsServiceNamesIt() throws Exception {
    try (ScriptedWaypoint imposter = ScriptedWaypoint.start(two.mesh(), two.right(), "imposter")) {
      Workload.Builder claimed =
          WireResources.endpointOf(waypointService, imposter.workload("right"))
              .setServiceAccount("waypoint");
      two.mesh().control().remove(TypeUrls.ADDRESS, first.workload("right").getUid());
      two.mesh().publish(claimed);

      assertThat(isRefused(client, SHOP)).isTrue();
      assertThat(imposter.asked()).isEmpty();
      two.left().awaitAccess("peer identity not accepted", "/sa/imposter");

      two.mesh()
          .control()
          .put(
              WireResources.address(
                  waypointService.addSubjectAltNames(imposter.identity().toString())));
      two.mesh().control().awaitSynced(Mesh.SOON);
      assertThat(client.client().exchange(SHOP, "x")).isEqualTo(answerOf(imposter, "x"));
      two.mesh().control().remove(TypeUrls.ADDRESS, claimed.getUid());
    }
  }

  @Test
  void pod_withAWaypoint_isReachedThroughItByItsAddress_andDirectlyByAService() throws Exception {
    two.mesh().control().put(WireResources.address(shop.clearWaypoint()));
    two.mesh()
        .publish(
            WireResources.endpointOf(shop, server.workload()).setWaypoint(byName(waypointService)));

    assertThat(client.client().exchange(server.at(8383), "a")).isEqualTo(answerOf(first, "a"));
    assertThat(last(first).authority()).isEqualTo(server.ip4().getHostAddress() + ":8383");
    assertThat(client.client().exchange(SHOP, "b")).isEqualTo("b");
  }

  @Test
  void waypointThatIsCaptured_reachesWhatItIsTheWaypointOf() throws Exception {
    MeshPod sandwiched = two.left().addPod(Mesh.NAMESPACE, "waypoint");
    two.mesh()
        .publish(
            WireResources.endpointOf(waypointService, sandwiched.workload()),
            WireResources.endpointOf(shop, server.workload()).setWaypoint(byName(waypointService)));

    assertThat(sandwiched.client().exchange(SHOP, "a")).isEqualTo("a");
    assertThat(sandwiched.client().exchange(server.at(8383), "b")).isEqualTo("b");
    two.mesh().publish(sandwiched.workload());
  }

  @Test
  void sandwichedWaypoint_isToldWhoCalls_byAProxyHeader() throws Exception {
    MeshPod sandwiched = two.right().addPod(Mesh.NAMESPACE, "waypoint");
    BlockingQueue<byte[]> headers = new LinkedBlockingQueue<>();
    Conversation remembers =
        socket -> {
          DataInputStream in = new DataInputStream(socket.getInputStream());
          byte[] fixed = in.readNBytes(16);
          int length = ByteBuffer.wrap(fixed, 14, 2).getShort();
          headers.add(
              ByteBuffer.allocate(16 + length).put(fixed).put(in.readNBytes(length)).array());
          Conversation.echo().with(socket);
        };
    InetSocketAddress within = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 15088);
    try (EchoServer waypoint = EchoServer.start(sandwiched.netns(), within, remembers)) {
      two.mesh().control().remove(TypeUrls.ADDRESS, first.workload("right").getUid());
      two.mesh()
          .publish(
              WireResources.endpointOf(waypointService, sandwiched.workload())
                  .setApplicationTunnel(
                      ApplicationTunnel.newBuilder()
                          .setProtocol(ApplicationTunnel.Protocol.PROXY)
                          .setPort(15088)));

      assertThat(client.client().exchange(SHOP, MARKER)).isEqualTo(MARKER);

      assertThat(waypoint.clients())
          .extracting(InetSocketAddress::getAddress)
          .containsExactly(within.getAddress());
      ByteBuffer header = ByteBuffer.wrap(headers.remove());
      byte[] signature = new byte[12];
      header.get(signature);
      assertThat(signature).isEqualTo("\r\n\r\n\0\r\nQUIT\n".getBytes(US_ASCII));
      assertThat(header.getShort()).as("version 2, PROXY, TCP over IPv4").isEqualTo((short) 0x2111);
      byte[] identity = client.identity().toString().getBytes(US_ASCII);
      assertThat(header.getShort()).isEqualTo((short) (12 + 3 + identity.length));
      assertThat(next(header, 4)).isEqualTo(client.ip4().getAddress());
      assertThat(next(header, 4)).isEqualTo(SHOP.getAddress().getAddress());
      assertThat(header.getShort()).as("the client's port").isNotZero();
      assertThat(header.getShort()).isEqualTo((short) SHOP.getPort());
      assertThat(header.get()).isEqualTo((byte) 0xD0);
      assertThat(header.getShort()).isEqualTo((short) identity.length);
      assertThat(next(header, identity.length)).isEqualTo(identity);
      two.right().awaitAccess("dst.hbone_addr=10.96.7.1:80", "direction=\"inbound\"");
    }
    two.mesh().publish(sandwiched.workload());
  }

  private static byte[] next(ByteBuffer from, int count) {
    byte[] bytes = new byte[count];
    from.get(bytes);
    return bytes;
  }

  @Test
  void destination_knowsTheWaypointAsItsPeer_andPoliciesDecideByThat() throws Exception {
    Authorization onlyWaypoint =
        Policies.of(Mesh.NAMESPACE, "only-the-waypoint", Action.ALLOW)
            .setScope(Scope.WORKLOAD_SELECTOR)
            .addRules(Policies.principal(first.identity().principal()))
            .build();
    two.mesh().control().put(onlyWaypoint);
    two.mesh()
        .publish(
            WireResources.endpointOf(shop, server.workload())
                .addAuthorizationPolicies(WireResources.name(onlyWaypoint)));
    String target = server.ip4().getHostAddress() + ":8383";
    try (RawPeer peer = first.dial(server)) {
      assertThat(peer.connect(1, target).status()).hasToString("200");
      peer.frame(RawPeer.DATA, RawPeer.END_STREAM, 1, "ping".getBytes(US_ASCII));
      assertThat(peer.await(RawPeer.DATA).payload().toString(US_ASCII)).isEqualTo("ping");

      assertThat(isRefused(client, server.at(8383))).as("around the waypoint").isTrue();
      assertThat(two.right().awaitAccess("dst.hbone_addr=" + target, "\tinfo\t", "waypoint"))
          .contains("src.identity=\"" + first.identity() + "\"")
          .contains("src.workload=\"" + first.pod().name() + "\"");
    } finally {
      two.mesh().control().remove(TypeUrls.AUTHORIZATION, WireResources.name(onlyWaypoint));
    }
  }

  @Test
  void bindingWhileConnectionsCome_losesNone() throws Exception {
    two.mesh().control().put(WireResources.address(shop.clearWaypoint()));
    two.mesh().control().awaitSynced(Mesh.SOON);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      if (i == 20) {
        two.mesh().control().put(WireResources.address(shop.setWaypoint(byName(waypointService))));
      }
      String answer = client.client().exchange(SHOP, "x");
      if (!answer.equals("x") && (i < 20 || !answer.equals(answerOf(first, "x")))) {
        wrong.add(i + ": " + answer);
      }
    }
    assertThat(wrong).isEmpty();
    two.mesh().control().awaitSynced(Mesh.SOON);
    assertThat(client.client().exchange(SHOP, "y")).isEqualTo(answerOf(first, "y"));
  }

  /// Whether the connection is taken and then cut.
  private static boolean isRefused(MeshPod from, InetSocketAddress to) throws IOException {
    try (Socket socket = from.client().connect(to)) {
      socket.getOutputStream().write("hello".getBytes(UTF_8));
      return Ends.of(socket);
    }
  }
}
