package adit.testkit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.Netns;
import adit.linux.topology.Fabric;
import adit.testkit.Conversation;
import adit.testkit.EchoServer;
import adit.testkit.TcpClient;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
final class LabTest {
  private static final String INSTANCE = "labtest-" + ProcessHandle.current().pid();
  private static final Duration SOON = Duration.ofSeconds(5);

  private static Lab lab;
  private static LabNode one;
  private static LabPod a;
  private static LabPod b;
  private static Netns inA;
  private static Netns inB;

  @BeforeAll
  static void build() throws IOException {
    lab = Lab.create(INSTANCE);
    one = lab.addNode("one");
    a = one.addPod("a");
    b = lab.addNode("two").addPod("b");
    inA = a.open();
    inB = b.open();
  }

  @AfterAll
  static void remove() throws IOException {
    inA.close();
    inB.close();
    lab.close();
    assertThat(Fabric.leftovers(INSTANCE)).isEmpty();
  }

  static Stream<InetAddress> addressesOfB() {
    return Stream.of(b.ip4(), b.ip6());
  }

  @ParameterizedTest
  @MethodSource("addressesOfB")
  void exchange_betweenPods_isSeenOnTheWireWithItsPayload(InetAddress address) throws Exception {
    try (Capture wire = one.capture("tcp");
        EchoServer server = EchoServer.start(inB, 0)) {
      assertThat(new TcpClient(inA).exchange(address, server.port(), "a known marker"))
          .isEqualTo("a known marker");
      List<CapturedPacket> packets = wire.stop();
      assertThat(packets)
          .anyMatch(packet -> packet.opensConnection() && packet.hasPort(server.port()))
          .anyMatch(packet -> packet.payloadContains("a known marker"))
          .allMatch(packet -> packet.protocol() == CapturedPacket.TCP)
          .noneMatch(CapturedPacket::resetsConnection);
      assertThat(packets.getFirst().destination())
          .isEqualTo(new InetSocketAddress(address, server.port()));
      assertThat(server.clients()).hasSize(1);
    }
  }

  @Test
  void capture_packetThatDoesNotCome_saysWhat() throws Exception {
    try (Capture wire = one.capture("tcp port 1")) {
      assertThatThrownBy(() -> wire.await("a greeting", _ -> true, Duration.ofMillis(10)))
          .isInstanceOf(AssertionError.class)
          .hasMessage("no packet within PT0.01S: a greeting, of 0 seen");
    }
  }

  @Test
  void capture_wrongFilter_saysWhatTcpdumpSays() {
    assertThatThrownBy(() -> one.capture("no such filter"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("syntax error");
  }

  @Test
  void server_greetsAndCounts_asItsConversationSays() throws Exception {
    try (EchoServer greeting = EchoServer.start(inB, 0, Conversation.greeting("b:"));
        EchoServer counting = EchoServer.start(inB, 0, Conversation.counting())) {
      TcpClient client = new TcpClient(inA);
      assertThat(client.exchange(b.ip4(), greeting.port(), "x")).isEqualTo("b:x");
      assertThat(client.exchange(b.ip4(), counting.port(), "12345")).isEqualTo("5");
    }
  }

  @Test
  void server_closed_endsItsConnections() throws Exception {
    EchoServer server = EchoServer.start(inB, 0);
    try (Socket socket = new TcpClient(inA).connect(b.ip6(), server.port())) {
      socket.getOutputStream().write(1);
      assertThat(socket.getInputStream().read()).isEqualTo(1);
      server.close();
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThatThrownBy(() -> new TcpClient(inA).connect(b.ip6(), server.port()))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void start_program_collectsWhatItSays() throws Exception {
    try (LabProcess process =
        a.start(Map.of("WHO", "pod"), "sh", "-c", "echo $WHO is ready; exec cat")) {
      assertThat(process.awaitLine("ready", SOON)).isEqualTo("pod is ready");
      assertThat(a.netns().processes()).contains(process.pid());
      process.terminate();
      assertThat(process.waitFor(SOON)).isEqualTo(143);
      assertThatThrownBy(() -> process.awaitLine("more", SOON))
          .hasMessageContaining("the process ended without a line with: more\npod is ready");
    }
  }

  @Test
  void exec_command_runsInside() throws Exception {
    assertThat(a.exec("ip", "-4", "-br", "address", "show", "eth0").out())
        .contains(a.ip4().getHostAddress());
    assertThat(a.exec("false").exit()).isEqualTo(1);
    String seen =
        new String(
            a.netnsPath().toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    assertThat(seen).isEqualTo("/run/netns/" + INSTANCE + ".a");
  }

  @Test
  void create_afterACrash_endsWhatTheCrashedRunHasLeft() throws Exception {
    String crashed = INSTANCE + "-crash";
    LabHost host = Lab.create(crashed).addHost("outside");
    LabProcess left = host.start("sleep", "60");
    // Seen inside, so that nsenter has done its work.
    adit.testkit.Eventually.holds(SOON, () -> !host.netns().processes().isEmpty());
    Lab.create(crashed).close();
    assertThat(left.waitFor(SOON)).isEqualTo(137);
    assertThat(Fabric.leftovers(crashed)).isEmpty();
  }
}
