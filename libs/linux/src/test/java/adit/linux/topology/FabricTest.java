package adit.linux.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.Netns;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class FabricTest {
  private static final String INSTANCE = "linuxtest-fabric-" + ProcessHandle.current().pid();
  private static Fabric fabric;
  private static FabricHost host;
  private static FabricPod a;
  private static FabricPod b;

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create(INSTANCE, AddressPlan.standard());
    host = fabric.addHost("control");
    a = fabric.addNode("one").addPod("a");
    b = fabric.addNode("two").addPod("b");
  }

  @AfterAll
  static void remove() throws IOException {
    fabric.close();
    assertThat(Fabric.leftovers(INSTANCE)).isEmpty();
  }

  @Test
  void addPod_onTwoNodes_reachEachOther() throws IOException {
    assertReaches(a.netns(), b.addresses());
    assertReaches(b.netns(), a.addresses());
  }

  @Test
  void addHost_beforeTheNodes_reachesPodsAndIsReached() throws IOException {
    assertReaches(host.netns(), b.addresses());
    assertReaches(b.netns(), host.addresses());
  }

  @Test
  void addPod_onOneNode_reachesItsNodeAndItsNeighbour() throws IOException {
    FabricNode one = fabric.nodes().iterator().next();
    FabricPod neighbour = one.addPod("neighbour");
    assertReaches(neighbour.netns(), a.addresses());
    assertReaches(neighbour.netns(), one.addresses());
    assertReaches(one.netns(), neighbour.addresses());
    one.removePod(neighbour);
    assertThat(neighbour.netns().exists()).isFalse();
    assertThat(one.pods()).containsExactly(a);
  }

  @Test
  void addPod_ownAddresses_areUsed() throws IOException {
    FabricNode two = fabric.nodeOrNull("two");
    assertThat(two).isNotNull();
    DualStack chosen =
        new DualStack(two.podRange4().address4(200), two.podRange6().address6(0x200));
    FabricPod pod = two.addPod("chosen", chosen);
    assertReaches(a.netns(), chosen);
    two.removePod(pod);
  }

  @Test
  void removeNode_withAPod_leavesNothingOfIt() throws IOException {
    FabricNode three = fabric.addNode("three");
    FabricPod pod = three.addPod("c");
    assertReaches(pod.netns(), a.addresses());
    fabric.removeNode(three);
    assertThat(Fabric.leftovers(INSTANCE))
        .doesNotContain(three.netns(), pod.netns())
        .contains(a.netns());
  }

  @Test
  void create_afterACrashOfTheSameInstance_startsEmpty() throws IOException {
    String crashed = INSTANCE + "-c";
    Fabric.create(crashed, AddressPlan.standard()).addNode("one").addPod("left");
    try (Fabric again = Fabric.create(crashed, AddressPlan.standard())) {
      assertThat(Fabric.leftovers(crashed)).containsExactly(again.netns());
    }
    assertThat(a.netns().exists()).isTrue();
  }

  @Test
  void outside_hasNoRoute() {
    for (String outside : new String[] {"192.0.2.1", "2001:db8::1"}) {
      assertThatThrownBy(() -> connect(host.netns(), InetAddress.ofLiteral(outside)))
          .hasMessageContaining("unreachable");
    }
  }

  @Test
  void processes_oneInside_isFound() throws Exception {
    Process process =
        new ProcessBuilder("nsenter", "--net=" + a.netns().path(), "--", "cat").start();
    try {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
      // Its answer says that nsenter has entered and become cat.
      assertThat(process.getInputStream().read()).isEqualTo('\n');
      assertThat(a.netns().processes()).containsExactly(process.pid());
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(new NamedNetns(INSTANCE + ".none").processes()).isEmpty();
  }

  @Test
  void command_fails_saysWhatAndWhy() {
    assertThatThrownBy(() -> Command.of("ip", "link", "show", "nosuch0").in(a.netns()).output())
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("ip link show nosuch0: exit 1: Device \"nosuch0\" does not exist");
  }

  @Test
  void command_takesTooLong_isKilled() {
    Command command = Command.of("sleep", "60").within(Duration.ofMillis(50));
    assertThatThrownBy(command::run).hasMessage("sleep 60: not finished within 50 ms");
  }

  @Test
  void batch_wrongLine_namesIt() {
    assertThatThrownBy(() -> new IpBatch().in(a.netns(), "link set nosuch0 up").apply())
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("link set nosuch0 up");
  }

  @Test
  void subnet_partsAndAddresses_areInside() {
    Subnet pods = Subnet.parse("10.244.0.0/16");
    assertThat(pods.part(24, 3)).hasToString("10.244.3.0/24");
    assertThat(pods.part(24, 3).address(10)).isEqualTo(InetAddress.ofLiteral("10.244.3.10"));
    assertThat(Subnet.parse("fdad:0:0:100::/56").part(64, 2).base())
        .isEqualTo(InetAddress.ofLiteral("fdad:0:0:102::"));
    assertThat(pods.contains(InetAddress.ofLiteral("10.245.0.0"))).isFalse();
    assertThat(pods.contains(InetAddress.ofLiteral("::1"))).isFalse();
    assertThatThrownBy(() -> pods.address(1 << 16))
        .hasMessage("index: 65536 (expected: inside 10.244.0.0/16)");
    assertThatThrownBy(() -> Subnet.parse("10.0.0.1/24"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void names_thatWouldBreakACommand_areRefused() {
    assertThatThrownBy(() -> new NamedNetns("a b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new NamedNetns("../x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Device(a.netns(), "sixteen-letters-"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Fabric.remove("a.b")).isInstanceOf(IllegalArgumentException.class);
    assertThat(a.netns().path()).isEqualTo(Path.of("/run/netns", INSTANCE + ".a"));
  }

  /// No port is open, so the answer of a host that is reached is a refusal.
  private static void assertReaches(NamedNetns from, DualStack to) throws IOException {
    for (InetAddress address : new InetAddress[] {to.ip4(), to.ip6()}) {
      assertThatThrownBy(() -> connect(from, address))
          .isInstanceOf(ConnectException.class)
          .hasMessage("Connection refused");
    }
  }

  private static void connect(NamedNetns from, InetAddress to) throws IOException {
    try (Netns netns = from.open();
        Socket socket = new Socket()) {
      netns.<Object, IOException>call(() -> {
        socket.connect(new InetSocketAddress(to, 9), 2000);
        return "";
      });
    }
  }
}
