package adit.ztunnel.app;

import adit.hbone.HboneServer;
import adit.hbone.ReadSizes;
import adit.hbone.Relay;
import adit.identity.Certificates;
import adit.linux.Netns;
import adit.linux.SocketOptions;
import adit.model.Workload;
import adit.telemetry.Log;
import adit.ztunnel.config.ZtunnelConfig;
import adit.ztunnel.flow.InboundFlow;
import adit.ztunnel.flow.OutboundFlow;
import adit.ztunnel.flow.PassthroughFlow;
import adit.ztunnel.flow.Pod;
import adit.ztunnel.listener.HandshakeSeat;
import adit.ztunnel.listener.ListenerSet;
import adit.ztunnel.listener.PodSockets;
import adit.ztunnel.resolve.InboundResolver;
import adit.ztunnel.resolve.MeshPorts;
import adit.ztunnel.resolve.Resolver;
import adit.ztunnel.table.ConnectionTable;
import adit.ztunnel.table.End;
import adit.ztunnel.table.Tracked;
import adit.ztunnel.tunnel.PodDialer;
import adit.ztunnel.tunnel.PodTunnels;
import adit.ztunnel.tunnel.TcpDialer;
import adit.ztunnel.view.LocalPod;
import adit.ztunnel.view.LocalWorkload;
import adit.ztunnel.view.Standing;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The proxy of one pod: its listeners, its flows, its connections.
///
/// ```
/// open --drain--> listeners closed, tunnels told to go, connections go on --stop--> all closed
///   '------------------------------------stop (pod deleted)-----------------------------^
/// ```
final class PodProxy {
  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(10);

  /// What listens, and where connections are meant for.
  ///
  /// @param ports of the mesh, here and elsewhere
  /// @param listen the ports of these listeners
  /// @param capture whether 15001 and 15006 are opened too; the process's own listener has 15008
  ///   only
  /// @param originalDestination where a captured connection was going, null when that is not known
  record Setup(
      MeshPorts ports,
      MeshPorts listen,
      boolean capture,
      Function<EpollSocketChannel, @Nullable InetSocketAddress> originalDestination) {
    /// A pod of the node, behind its capture rules.
    static final Setup POD = standard(true);

    /// The process itself as a workload.
    static final Setup SELF = standard(false);

    private static Setup standard(boolean capture) {
      return new Setup(
          MeshPorts.STANDARD,
          MeshPorts.STANDARD,
          capture,
          SocketOptions::originalDestinationOrNull);
    }
  }

  private final NodeParts node;
  private final Setup setup;
  private final PodSockets sockets;
  private final LocalWorkload local;
  private final ConnectionTable table = new ConnectionTable();
  private final PodTunnels tunnels;
  private final HboneServer server;
  private final OutboundFlow outbound;
  private final PassthroughFlow passthrough;
  private volatile boolean transparent;
  private volatile @Nullable ListenerSet listeners;

  private PodProxy(LocalPod pod, @Nullable Netns netns, NodeParts node, Setup setup) {
    this.node = node;
    this.setup = setup;
    ZtunnelConfig config = node.config();
    Log log = node.log().span("pod", "name", pod);
    String nodeName = config.self().node();
    sockets = new PodSockets(netns, config.sockets());
    local =
        new LocalWorkload(
            pod,
            nodeName == null ? "" : nodeName,
            config.features().missingPolicyGrace(),
            node.board(),
            node.owner(),
            System::nanoTime,
            log);
    String network = config.self().network();
    var shared =
        new Pod(
            local,
            node.board(),
            network,
            setup.ports(),
            node.decisions().gatekeeper(),
            new TcpDialer(sockets, CONNECT_PATIENCE, log),
            table,
            new Pod.Bystanders(node.decisions().observer(), node.decisions().meter(), log));
    tunnels =
        new PodTunnels(
            node.loops().all(),
            TunnelLimits.pool(config),
            new PodDialer(sockets, node.certificates()));
    var resolver = new Resolver(network, setup.ports(), node.random());
    outbound = new OutboundFlow(shared, resolver, tunnels, node.random());
    passthrough = new PassthroughFlow(shared);
    server =
        new HboneServer(
            TunnelLimits.server(config),
            this::serverContext,
            new InboundFlow(
                shared,
                new InboundResolver(network, setup.ports()),
                new InboundFlow.Towards(
                    () -> transparent, config.features().localApplicationTunnel()),
                config.features().responseBaggage()));
    local.whenDecisionsMayChange(table::recheck);
  }

  /// Opens the listeners. Blocks; not on an event loop.
  ///
  /// @param netns the pod's; owned by the proxy when this returns, by the caller when it throws.
  ///   Null for the process's own namespace
  static PodProxy open(LocalPod pod, @Nullable Netns netns, NodeParts node, Setup setup)
      throws IOException {
    var proxy = new PodProxy(pod, netns, node, setup);
    proxy.listeners =
        ListenerSet.open(
            proxy.sockets,
            node.loops(),
            node.admission(),
            proxy.ports(),
            failure -> node.log().error("accept failed", "pod", pod, "error", failure));
    proxy.local.start();
    return proxy;
  }

  private List<ListenerSet.Port> ports() {
    MeshPorts ports = setup.listen();
    var hbone = new ListenerSet.Port(ports.hbone(), true, this::acceptTunnels);
    if (!setup.capture()) {
      return List.of(hbone);
    }
    return List.of(
        hbone,
        new ListenerSet.Port(ports.plain(), false, this::acceptPlain),
        new ListenerSet.Port(ports.outbound(), false, this::acceptOutbound));
  }

  LocalPod pod() {
    return local.pod();
  }

  int connections() {
    return table.size();
  }

  /// Ports that are open, in the order hbone, plain, outbound.
  List<Integer> openPorts() {
    ListenerSet open = listeners;
    return open == null ? List.of() : open.ports();
  }

  List<Tracked.Row> rows() {
    return table.all().stream().map(Tracked::row).toList();
  }

  private void acceptTunnels(EpollSocketChannel channel, boolean mayKeepSource) {
    transparent = mayKeepSource && setup.capture();
    channel.config().setOption(ChannelOption.TCP_NODELAY, true);
    channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.connection());
    var _ =
        channel
            .pipeline()
            .addLast(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel accepted) {
                    accepted
                        .pipeline()
                        .addLast(server.childInitializer())
                        .addLast(new HandshakeSeat(node.admission().handshakes()));
                  }
                });
  }

  private void acceptOutbound(EpollSocketChannel channel, boolean mayKeepSource) {
    takeOver(
        channel,
        (accepted, source) -> {
          InetSocketAddress here = SocketOptions.canonical(accepted.localAddress());
          InetSocketAddress meant = setup.originalDestination().apply(accepted);
          InetSocketAddress destination = meant == null ? here : meant;
          outbound.run(accepted, source, destination, !destination.equals(here));
        });
  }

  private void acceptPlain(EpollSocketChannel channel, boolean mayKeepSource) {
    takeOver(
        channel,
        (accepted, source) -> {
          InetSocketAddress meant = setup.originalDestination().apply(accepted);
          InetSocketAddress destination =
              meant == null ? SocketOptions.canonical(accepted.localAddress()) : meant;
          passthrough.run(accepted, source, destination, mayKeepSource);
        });
  }

  private interface Taken {
    void by(EpollSocketChannel accepted, InetSocketAddress source);
  }

  /// Lets a plain connection wait, without reading, until its flow has decided.
  private void takeOver(EpollSocketChannel channel, Taken taken) {
    sockets.tune(channel);
    channel.config().setAutoRead(false);
    Relay.hold(channel);
    channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay());
    channel.pipeline().addLast(new Start(taken));
  }

  /// Begins the flow once the channel is on its loop.
  private static final class Start extends ChannelInboundHandlerAdapter {
    private final Taken taken;

    Start(Taken taken) {
      this.taken = taken;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      var channel = (EpollSocketChannel) ctx.channel();
      ctx.pipeline().remove(this);
      InetSocketAddress remote = channel.remoteAddress();
      if (remote == null) {
        var _ = channel.close();
        return;
      }
      taken.by(channel, SocketOptions.canonical(remote));
    }
  }

  private CompletionStage<SslContext> serverContext() {
    Certificates certificates = node.certificates();
    Workload known = local.now().workloadOrNull();
    if (known != null) {
      return certificates.get(known.identity()).thenApply(one -> one.serverContext());
    }
    var later = new CompletableFuture<SslContext>();
    var _ =
        local
            .await(node.loops().next())
            .addListener((Future<Standing> standing) -> {
              Workload workload = standing.getNow().workloadOrNull();
              if (workload == null) {
                later.completeExceptionally(new IOException("workload not found: " + local.pod()));
                return;
              }
              certificates
                  .get(workload.identity())
                  .whenComplete((certificate, failure) -> {
                    if (failure == null) {
                      later.complete(certificate.serverContext());
                    } else {
                      later.completeExceptionally(failure);
                    }
                  });
            });
    return later;
  }

  /// Whether nothing is lost when the listeners close: they are closed already, or another process
  /// listens beside them. Where ports are not shared, none can before they close.
  boolean mayClose() {
    ListenerSet open = listeners;
    if (open == null || !setup.capture() || !node.config().sockets().reusePort()) {
      return true;
    }
    try {
      return open.haveSuccessor();
    } catch (IOException e) {
      node.log().warn("cannot see whether another proxy serves", "pod", pod(), "error", e);
      return true;
    }
  }

  /// No new connections; those that are go on. Clients are told to open their next tunnel
  /// elsewhere.
  void drain() {
    closeListeners();
    var _ = server.drain();
  }

  /// Ends everything now.
  void stop() {
    closeListeners();
    local.close();
    table.endAll(new End.Drained());
    var _ = server.close();
    tunnels.close();
    sockets.close();
  }

  private void closeListeners() {
    ListenerSet open = listeners;
    listeners = null;
    if (open != null) {
      open.close();
    }
  }
}
