package adit.cni.agent.rules;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.Answering;
import adit.linux.EpollIo;
import adit.linux.InNetns;
import adit.linux.Netns;
import adit.linux.SocketOptions;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Command;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every rule meets the packet that it is about: who answers tells where the packet went. Needs
/// root.
final class CapturedPacketsTest {
  private static final int APP = 8080;
  private static final int LIMIT_MILLIS = 5000;

  private static Fabric fabric;
  private static FabricNode node;
  private static FabricPod pod;
  private static FabricPod other;
  private static Netns inPod;
  private static Netns inOther;
  private static EventLoopGroup group;

  private final PodRules rules = new PodRules(ProbeSource.DEFAULT);
  private final List<AutoCloseable> closing = new ArrayList<>();
  private Answering app;
  private Answering plaintext;

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create("cni-packets-test", AddressPlan.standard());
    node = fabric.addNode("n1");
    pod = node.addPod("pod");
    other = node.addPod("other");
    inPod = pod.netns().open();
    inOther = other.netns().open();
    group = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  }

  @AfterAll
  static void remove() throws IOException {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    inPod.close();
    inOther.close();
    fabric.close();
  }

  @BeforeEach
  void listen() throws IOException {
    app = listen(inPod, APP, "app");
    listen(inPod, Marks.OUTBOUND_PORT, "outbound");
    plaintext = listen(inPod, Marks.PLAINTEXT_PORT, "plaintext");
    listen(inPod, Marks.HBONE_PORT, "hbone");
    listen(inOther, APP, "other");
  }

  @AfterEach
  void end() throws Exception {
    rules.delete(inPod);
    for (AutoCloseable closeable : closing) {
      closeable.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void outbound_connectionOfThePod_goesToTheProxy(boolean six) throws IOException {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(ask(inPod, address(other, six), APP)).isEqualTo("outbound");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inbound_connectionToThePod_goesToTheProxy(boolean six) throws IOException {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(ask(inOther, address(pod, six), APP)).isEqualTo("plaintext");
    assertThat(ask(inOther, address(pod, six), 9))
        .as("a port on which nobody listens")
        .isEqualTo("plaintext");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inbound_tunnel_isNotRedirected(boolean six) throws IOException {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(ask(inOther, address(pod, six), Marks.HBONE_PORT)).isEqualTo("hbone");
  }

  @Test
  void ownTraffic_overLoopback_isNotCaptured() throws Exception {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(ask(inPod, InetAddress.ofLiteral("127.0.0.1"), APP)).isEqualTo("app");
    assertThat(ask(inPod, InetAddress.ofLiteral("127.0.0.2"), APP)).isEqualTo("app");
    assertThat(ask(inPod, InetAddress.ofLiteral("::1"), APP)).isEqualTo("app");
    assertThat(ask(inPod, address(pod, false), APP)).isEqualTo("app");
    assertThat(ask(inPod, address(pod, true), APP)).isEqualTo("app");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void proxy_sendsMarked_isNotCapturedAgain(boolean six) throws Exception {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(askMarked(address(other, six), null)).isEqualTo("other");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void proxy_connectsWithTheClientsAddress_getsTheApplicationsAnswer(boolean six) throws Exception {
    rules.write(inPod, PodOptions.DEFAULT);

    assertThat(askMarked(address(pod, six), address(other, six))).isEqualTo("app");
    assertThat(app.sources.take()).isEqualTo(address(other, six).getHostAddress());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void probe_fromTheNode_reachesTheApplication(boolean six) throws Exception {
    rules.write(inPod, PodOptions.DEFAULT);
    try (Netns inNode = node.netns().open()) {
      assertThat(ask(inNode, address(pod, six), APP))
          .as("not yet known as a probe")
          .isEqualTo("plaintext");
      ProbeRules probes = new ProbeRules(inNode, ProbeSource.DEFAULT, 0);
      probes.write(Map.of(address(pod, six), "uid-1"));

      assertThat(ask(inNode, address(pod, six), APP)).isEqualTo("app");
      InetAddress source = six ? ProbeSource.DEFAULT.ip6() : ProbeSource.DEFAULT.ip4();
      assertThat(app.sources.take()).isEqualTo(source.getHostAddress());
      assertThat(ask(inOther, address(pod, six), APP))
          .as("what the node forwards is no probe")
          .isEqualTo("plaintext");
      probes.delete();
    }
  }

  @Test
  void probe_ofAnotherUser_isNoProbe() throws Exception {
    rules.write(inPod, PodOptions.DEFAULT);
    try (Netns inNode = node.netns().open()) {
      ProbeRules probes = new ProbeRules(inNode, ProbeSource.DEFAULT, 4711);
      probes.write(Map.of(address(pod, false), "uid-1"));

      assertThat(ask(inNode, address(pod, false), APP)).isEqualTo("plaintext");
      probes.delete();
    }
  }

  @Test
  void ingress_inbound_reachesTheApplicationAndOutboundIsCaptured() throws IOException {
    rules.write(
        inPod,
        new PodOptions(
            PodOptions.Inbound.BYPASSED, List.of(), PodOptions.Families.BOTH, Exclusions.NONE));

    assertThat(ask(inOther, address(pod, false), APP)).isEqualTo("app");
    assertThat(ask(inPod, address(other, false), APP)).isEqualTo("outbound");
  }

  @Test
  void ipv4Only_ipv6_isNotCaptured() throws IOException {
    rules.write(
        inPod,
        new PodOptions(
            PodOptions.Inbound.CAPTURED, List.of(), PodOptions.Families.IPV4, Exclusions.NONE));

    assertThat(ask(inOther, address(pod, false), APP)).isEqualTo("plaintext");
    assertThat(ask(inOther, address(pod, true), APP)).isEqualTo("app");
    assertThat(ask(inPod, address(other, true), APP)).isEqualTo("other");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exclusions_portsAndRanges_areNotCaptured(boolean six) throws IOException {
    String range = address(other, six).getHostAddress();
    for (Exclusions outbound :
        List.of(
            new Exclusions(Set.of(APP), Set.of(APP), List.of()),
            new Exclusions(Set.of(APP), Set.of(), Exclusions.ranges(range)))) {
      rules.write(inPod, options(outbound));

      assertThat(ask(inOther, address(pod, six), APP)).isEqualTo("app");
      assertThat(ask(inPod, address(other, six), APP)).isEqualTo("other");
      assertThat(rules.differences(inPod, options(outbound))).isEmpty();
    }
  }

  private static PodOptions options(Exclusions exclusions) {
    return new PodOptions(
        PodOptions.Inbound.CAPTURED, List.of(), PodOptions.Families.BOTH, exclusions);
  }

  @Test
  void virtualInterface_machineBehindIt_countsAsThePod() throws IOException {
    String guest = "cni-packets-test.guest";
    Command.of("ip", "netns", "add", guest).output();
    closing.add(() -> Command.of("ip", "netns", "del", guest).output());
    String setup =
        """
        link add vm0 type veth peer name eth0 netns %s
        addr add 192.168.77.1/24 dev vm0
        link set vm0 up
        """
            .formatted(guest);
    Command.of("ip", "-batch", "-").reading(setup).in(pod.netns()).output();
    Command.of("ip", "-n", guest, "addr", "add", "192.168.77.2/24", "dev", "eth0").output();
    Command.of("ip", "-n", guest, "link", "set", "eth0", "up").output();
    Command.of("ip", "-n", guest, "route", "add", "default", "via", "192.168.77.1").output();
    rules.write(
        inPod,
        new PodOptions(
            PodOptions.Inbound.CAPTURED,
            List.of("vm0"),
            PodOptions.Families.BOTH,
            Exclusions.NONE));
    try (Netns inGuest = Netns.open(java.nio.file.Path.of("/run/netns", guest))) {
      assertThat(ask(inGuest, address(other, false), APP)).isEqualTo("outbound");
    }
    assertThat(ask(inOther, address(pod, false), APP)).isEqualTo("plaintext");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void connectionsThroughTheProxy_whenThePodLeaves_goOn(boolean six) throws IOException {
    plaintext.close();
    try (ServerSocketChannel proxy = plainListener(inPod, Marks.PLAINTEXT_PORT)) {
      rules.write(inPod, PodOptions.DEFAULT);
      try (SocketChannel through = connect(inOther, address(pod, six), 8081);
          SocketChannel peer = proxy.accept()) {
        rules.release(inPod);

        say(through, "ping");
        assertThat(hear(peer)).isEqualTo("ping");
        say(peer, "pong");
        assertThat(hear(through)).isEqualTo("pong");
        assertThat(ask(inOther, address(pod, six), APP))
            .as("new ones go straight")
            .isEqualTo("app");
        assertThat(ask(inPod, address(other, six), APP)).isEqualTo("other");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void openConnections_whenThePodJoins_stayAlive(boolean six) throws IOException {
    try (ServerSocketChannel inside = plainListener(inPod);
        ServerSocketChannel outside = plainListener(inOther);
        SocketChannel incoming = connect(inOther, address(pod, six), 8081);
        SocketChannel incomingPeer = inside.accept();
        SocketChannel outgoing = connect(inPod, address(other, six), 8081);
        SocketChannel outgoingPeer = outside.accept()) {
      rules.write(inPod, PodOptions.DEFAULT);

      for (List<SocketChannel> pair :
          List.of(List.of(incoming, incomingPeer), List.of(outgoingPeer, outgoing))) {
        say(pair.getFirst(), "ping");
        assertThat(hear(pair.getLast())).isEqualTo("ping");
        say(pair.getLast(), "pong");
        assertThat(hear(pair.getFirst())).isEqualTo("pong");
      }
      assertThat(ask(inOther, address(pod, six), 8081))
          .as("new ones are captured")
          .isEqualTo("plaintext");
    }
  }

  /// A packet of no connection must not open a way around the redirection for the SYN that follows
  /// on the same ports. It is made by rewriting the destination of a connection that was opened to
  /// somebody else.
  @Test
  void strayPacket_beforeASyn_doesNotOpenAWayAround() throws IOException {
    rules.write(inPod, PodOptions.DEFAULT);
    String pod4 = address(pod, false).getHostAddress();
    try (Netns inNode = node.netns().open();
        ServerSocketChannel elsewhere = plainListener(inNode);
        SocketChannel stray = connect(inOther, node.gateway().ip4(), 8081);
        SocketChannel strayPeer = elsewhere.accept()) {
      InetSocketAddress local = (InetSocketAddress) stray.getLocalAddress();
      String table =
          """
          add table ip stray
          add chain ip stray out { type filter hook output priority -300; }
          add rule ip stray out ip daddr %s ip daddr set %s
          """
              .formatted(node.gateway().ip4().getHostAddress(), pod4);
      Command.of("nft", "-f", "-").reading(table).in(other.netns()).output();
      say(stray, "stray");
      Command.of("nft", "delete", "table", "ip", "stray").in(other.netns()).output();

      try (SocketChannel client = inOther.<SocketChannel, IOException>call(SocketChannel::open)) {
        client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        client.bind(local);
        client.socket().connect(new InetSocketAddress(pod4, 8081), LIMIT_MILLIS);
        assertThat(hear(client)).isEqualTo("plaintext");
      }
      assertThat(strayPeer.isOpen()).isTrue();
    }
  }

  @Test
  void delete_afterWrite_leavesNothing() throws IOException {
    String before = everything();
    rules.write(inPod, PodOptions.DEFAULT);
    rules.write(inPod, PodOptions.DEFAULT);
    assertThat(rules.differences(inPod, PodOptions.DEFAULT)).isEmpty();

    rules.delete(inPod);
    rules.delete(inPod);

    assertThat(everything()).isEqualTo(before);
    assertThat(rules.differences(inPod, PodOptions.DEFAULT)).hasSize(5);
    assertThat(ask(inPod, address(other, false), APP)).isEqualTo("other");
  }

  @Test
  void write_ipv6DisabledInThePod_capturesIpv4() throws IOException {
    FabricPod four = node.addPod("four");
    try (Netns inFour = four.netns().open()) {
      adit.linux.Sysctl.write(inFour, "net.ipv6.conf.all.disable_ipv6", "1");
      adit.linux.Sysctl.write(inFour, "net.ipv6.conf.lo.disable_ipv6", "1");

      rules.write(inFour, PodOptions.DEFAULT);

      assertThat(rules.differences(inFour, PodOptions.DEFAULT)).isEmpty();
    } finally {
      node.removePod(four);
    }
  }

  private Answering listen(Netns netns, int port, String text) throws IOException {
    Answering answering = Answering.listen(netns, port, text);
    closing.add(answering);
    return answering;
  }

  private static InetAddress address(FabricPod of, boolean six) {
    return six ? of.addresses().ip6() : of.addresses().ip4();
  }

  private static ServerSocketChannel plainListener(Netns netns) throws IOException {
    return plainListener(netns, 8081);
  }

  private static ServerSocketChannel plainListener(Netns netns, int port) throws IOException {
    ServerSocketChannel listener =
        netns.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
    listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    return listener.bind(new InetSocketAddress("::", port));
  }

  private static SocketChannel connect(Netns from, InetAddress to, int port) throws IOException {
    SocketChannel channel = from.<SocketChannel, IOException>call(SocketChannel::open);
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    channel.socket().connect(new InetSocketAddress(to, port), LIMIT_MILLIS);
    return channel;
  }

  private static String ask(Netns from, InetAddress to, int port) throws IOException {
    try (SocketChannel channel = connect(from, to, port)) {
      return hear(channel);
    }
  }

  private static void say(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String hear(SocketChannel channel) throws IOException {
    channel.socket().setSoTimeout(LIMIT_MILLIS);
    byte[] bytes = new byte[100];
    int length = channel.socket().getInputStream().read(bytes);
    return new String(bytes, 0, Math.max(0, length), StandardCharsets.UTF_8);
  }

  /// Connects as the proxy does: marked, and with the client's address when there is one.
  private static String askMarked(InetAddress to, @Nullable InetAddress from) throws Exception {
    CompletableFuture<String> answer = new CompletableFuture<>();
    SocketProtocolFamily family =
        to.getAddress().length == 4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channelFactory(InNetns.connecting(inPod, family))
            .option(SocketOptions.SO_MARK, Marks.PROXY)
            .handler(
                new SimpleChannelInboundHandler<ByteBuf>() {
                  @Override
                  protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                    answer.complete(bytes.toString(StandardCharsets.UTF_8));
                  }

                  @Override
                  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    answer.completeExceptionally(cause);
                  }
                });
    if (from != null) {
      bootstrap.localAddress(new InetSocketAddress(from, 0));
      if (family == SocketProtocolFamily.INET) {
        bootstrap.option(SocketOptions.IP_TRANSPARENT, true);
      } else {
        bootstrap.option(SocketOptions.IPV6_TRANSPARENT, 1);
      }
    }
    Channel channel = bootstrap.connect(new InetSocketAddress(to, APP)).sync().channel();
    try {
      return answer.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
    } finally {
      channel.close().sync();
    }
  }

  private static String everything() throws IOException {
    return Command.of("nft", "list", "ruleset").in(inPod).output()
        + Command.of("ip", "rule", "list").in(inPod).output()
        + Command.of("ip", "-6", "rule", "list").in(inPod).output();
  }
}
