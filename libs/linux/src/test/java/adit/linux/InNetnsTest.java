package adit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.linux.topology.AddressPlan;
import adit.linux.topology.Command;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricPod;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Netty channels in pods' namespaces, over IPv4 and IPv6, with the options that a mesh proxy
/// needs.
@Timeout(30)
final class InNetnsTest {
  private static final int MARK = 0x539;
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.ofLiteral("::"), 0);

  private static Fabric fabric;
  private static FabricPod podA;
  private static FabricPod podB;
  private static Netns a;
  private static Netns b;
  private final TestChannels channels = new TestChannels();

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create(TestNetwork.instance("ch"), AddressPlan.standard());
    podA = fabric.addNode("one").addPod("a");
    podB = fabric.addNode("two").addPod("b");
    a = podA.netns().open();
    b = podB.netns().open();
  }

  @AfterAll
  static void remove() throws IOException {
    a.close();
    b.close();
    fabric.close();
  }

  @AfterEach
  void close() {
    channels.close();
  }

  /// A family with what belongs to it in the tests.
  record Family(
      SocketProtocolFamily family, InetAddress ofA, InetAddress ofB, InetAddress stranger) {
    @Override
    public String toString() {
      return family.name();
    }
  }

  static Stream<Family> families() {
    return Stream.of(
        new Family(
            SocketProtocolFamily.INET,
            podA.addresses().ip4(),
            podB.addresses().ip4(),
            InetAddress.ofLiteral("10.244.77.7")),
        new Family(
            SocketProtocolFamily.INET6,
            podA.addresses().ip6(),
            podB.addresses().ip6(),
            InetAddress.ofLiteral("fdad:0:0:14d::7")));
  }

  @ParameterizedTest
  @MethodSource("families")
  void connect_fromOnePodToAnother_hasTheirAddresses(Family family) throws Exception {
    Channel server = bindAny(b);
    Channel client = connect(a, family, new InetSocketAddress(family.ofB(), port(server)));
    Channel accepted = channels.nextAccepted();
    assertThat(address(accepted.remoteAddress())).isEqualTo(family.ofA());
    assertThat(address(accepted.localAddress())).isEqualTo(family.ofB());
    assertThat(client.isActive()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("families")
  void newChannel_onTheEventLoop_isInTheNamespace(Family family) throws Exception {
    Channel server = bindAny(b);
    InetSocketAddress to = new InetSocketAddress(family.ofB(), port(server));
    Bootstrap bootstrap = channels.connecting(a, family.family());
    CompletableFuture<Channel> connected = new CompletableFuture<>();
    channels.loops.execute(() -> {
      ChannelFuture connect = bootstrap.connect(to);
      var _ = connect.addListener(_ -> connected.complete(connect.channel()));
    });
    Channel client = connected.get(5, TimeUnit.SECONDS);
    assertThat(address(client.localAddress())).isEqualTo(family.ofA());
  }

  @Test
  void newChannel_namespaceIsClosed_saysSo() throws Exception {
    Netns closed = podA.netns().open();
    closed.close();
    assertThatThrownBy(() -> InNetns.listening(closed, SocketProtocolFamily.INET).newChannel())
        .isInstanceOf(ChannelException.class)
        .hasMessageContaining("enter network namespace");
  }

  @ParameterizedTest
  @MethodSource("families")
  void connect_marked_packetsCarryTheMark(Family family) throws Exception {
    rules(
        podA,
        """
        table inet marks {
          counter marked { }
          chain out { type filter hook output priority 0; meta mark 0x539 tcp flags & syn == syn counter name marked; }
        }
        """);
    Channel server = bindAny(b);
    InetSocketAddress to = new InetSocketAddress(family.ofB(), port(server));
    channels.connecting(a, family.family()).option(SocketOptions.SO_MARK, MARK).connect(to).sync();
    connect(a, family, to);
    String counter = nft(podA, "list", "counters");
    nft(podA, "delete", "table", "inet", "marks");
    assertThat(counter).contains("packets 1 ");
  }

  @ParameterizedTest
  @MethodSource("families")
  void originalDestination_redirectedByRule_isWhereTheClientWent(Family family) throws Exception {
    Channel server = bindAny(b);
    rules(
        podB,
        """
        table inet redirecting {
          chain in { type nat hook prerouting priority -100; tcp dport 80 redirect to :%d; }
        }
        """
            .formatted(port(server)));
    connect(a, family, new InetSocketAddress(family.ofB(), 80));
    InetSocketAddress original = SocketOptions.originalDestinationOrNull(channels.nextAccepted());
    nft(podB, "delete", "table", "inet", "redirecting");
    assertThat(original).isEqualTo(new InetSocketAddress(family.ofB(), 80));
  }

  @ParameterizedTest
  @MethodSource("families")
  void originalDestination_redirectedOnItsWayOut_isWhereTheClientWent(Family family)
      throws Exception {
    Channel server = bindAny(a);
    rules(
        podA,
        """
        table inet redirecting {
          chain out { type nat hook output priority -100; meta mark != 0x539 tcp dport 80 redirect to :%d; }
        }
        """
            .formatted(port(server)));
    connect(a, family, new InetSocketAddress(family.stranger(), 80));
    InetSocketAddress original = SocketOptions.originalDestinationOrNull(channels.nextAccepted());
    nft(podA, "delete", "table", "inet", "redirecting");
    assertThat(original).isEqualTo(new InetSocketAddress(family.stranger(), 80));
  }

  @ParameterizedTest
  @MethodSource("families")
  void originalDestination_noRule_isNullOrTheLocalAddress(Family family) throws Exception {
    Channel server = bindAny(b);
    InetSocketAddress to = new InetSocketAddress(family.ofB(), port(server));
    connect(a, family, to);
    assertThat(SocketOptions.originalDestinationOrNull(channels.nextAccepted())).isIn(null, to);
  }

  /// What a mesh proxy does on the way in: it connects to the application in the pod with the
  /// address of the client. The rules bring the answers, which go to that address, back to the
  /// proxy's socket.
  @ParameterizedTest
  @MethodSource("families")
  void connect_withTheAddressOfAnother_isSeenAsThatOther(Family family) throws Exception {
    spoofingRules(podB);
    Channel server = bindAny(b);
    Channel client =
        channels
            .connecting(b, family.family())
            .option(SocketOptions.SO_MARK, MARK)
            .option(SocketOptions.IP_TRANSPARENT, true)
            .option(SocketOptions.IP_FREEBIND, 1)
            .connect(
                new InetSocketAddress(family.ofB(), port(server)),
                new InetSocketAddress(family.stranger(), 0))
            .sync()
            .channel();
    Channel accepted = channels.nextAccepted();
    assertThat(address(accepted.remoteAddress())).isEqualTo(family.stranger());
    assertThat(address(client.localAddress())).isEqualTo(family.stranger());
  }

  @Test
  void connect_withTheAddressOfAnother_worksWithTheOptionsOfIpv6Too() throws Exception {
    spoofingRules(podB);
    Family family = families().toList().getLast();
    Channel server = bindAny(b);
    channels
        .connecting(b, family.family())
        .option(SocketOptions.SO_MARK, MARK)
        .option(SocketOptions.IPV6_TRANSPARENT, 1)
        .option(SocketOptions.IPV6_FREEBIND, 1)
        .option(SocketOptions.IP_BIND_ADDRESS_NO_PORT, true)
        .connect(
            new InetSocketAddress(family.ofB(), port(server)),
            new InetSocketAddress(family.stranger(), 0))
        .sync();
    assertThat(address(channels.nextAccepted().remoteAddress())).isEqualTo(family.stranger());
  }

  @Test
  void bind_foreignAddressWithoutFreebind_fails() {
    Family family = families().toList().getFirst();
    assertThatThrownBy(() ->
            channels
                .listening(b, family.family())
                .bind(new InetSocketAddress(family.stranger(), 0))
                .sync())
        .hasMessageContaining("Cannot assign requested address");
  }

  @ParameterizedTest
  @MethodSource("families")
  void bind_foreignAddressWithFreebind_listens(Family family) throws Exception {
    var option =
        family.family() == SocketProtocolFamily.INET
            ? SocketOptions.IP_FREEBIND
            : SocketOptions.IPV6_FREEBIND;
    Channel server =
        TestChannels.bind(
            channels.listening(b, family.family()).option(option, 1),
            new InetSocketAddress(family.stranger(), 0));
    assertThat(address(server.localAddress())).isEqualTo(family.stranger());
  }

  @ParameterizedTest
  @MethodSource("families")
  void bind_transparentListener_mayHaveAForeignAddress(Family family) throws Exception {
    Channel server =
        TestChannels.bind(
            channels.listening(b, family.family()).option(SocketOptions.IP_TRANSPARENT, true),
            new InetSocketAddress(family.stranger(), 0));
    assertThat(address(server.localAddress())).isEqualTo(family.stranger());
  }

  @Test
  void canonical_mappedAddress_isIpv4() throws Exception {
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    mapped[12] = 10;
    mapped[15] = 9;
    InetAddress address = java.net.Inet6Address.getByAddress(null, mapped, 0);
    assertThat(SocketOptions.canonical(new InetSocketAddress(address, 80)))
        .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.9"), 80));
    InetAddress other = InetAddress.ofLiteral("fd00::1");
    assertThat(SocketOptions.canonical(other)).isSameAs(other);
  }

  private Channel bindAny(Netns netns) throws InterruptedException {
    return TestChannels.bind(channels.listening(netns, SocketProtocolFamily.INET6), ANY);
  }

  private Channel connect(Netns from, Family family, InetSocketAddress to)
      throws InterruptedException {
    return channels.connecting(from, family.family()).connect(to).sync().channel();
  }

  private static void spoofingRules(FabricPod pod) throws IOException {
    rules(
        pod,
        """
        table inet spoofing { }
        delete table inet spoofing
        table inet spoofing {
          chain pre { type filter hook prerouting priority -150; meta mark & 0xfff == 0x539 ct mark set 0x111; }
          chain out { type route hook output priority -150; ct mark & 0xfff == 0x111 meta mark set 0x111; }
        }
        """);
    for (String family : new String[] {"-4", "-6"}) {
      ip(pod, family, "route", "replace", "local", "default", "dev", "lo", "table", "100");
      Command.of("ip", "-n", pod.netns().name(), family, "rule", "del", "pref", "32764").run();
      ip(pod, family, "rule", "add", "fwmark", "0x111/0xfff", "pref", "32764", "lookup", "100");
    }
  }

  private static void ip(FabricPod pod, String... words) throws IOException {
    String[] all = new String[words.length + 3];
    all[0] = "ip";
    all[1] = "-n";
    all[2] = pod.netns().name();
    System.arraycopy(words, 0, all, 3, words.length);
    Command.of(all).output();
  }

  private static void rules(FabricPod pod, String text) throws IOException {
    Command.of("nft", "-f", "-").in(pod.netns()).reading(text).output();
  }

  private static String nft(FabricPod pod, String... words) throws IOException {
    String[] all = new String[words.length + 1];
    all[0] = "nft";
    System.arraycopy(words, 0, all, 1, words.length);
    return Command.of(all).in(pod.netns()).output();
  }

  private static int port(Channel server) {
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  private static InetAddress address(java.net.SocketAddress address) {
    return SocketOptions.canonical(((InetSocketAddress) address).getAddress());
  }
}
