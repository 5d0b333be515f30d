package adit.waypoint.app;

import adit.hbone.Authority;
import adit.hbone.ConnectHandler;
import adit.hbone.ConnectHead;
import adit.hbone.HbonePool;
import adit.hbone.HboneServer;
import adit.hbone.Http2Settings;
import adit.hbone.PoolSettings;
import adit.hbone.ReadSizes;
import adit.hbone.Relay;
import adit.hbone.ServerSettings;
import adit.hbone.Tunnel;
import adit.hbone.TunnelDialer;
import adit.identity.CaClient;
import adit.identity.Certificates;
import adit.identity.TlsSettings;
import adit.linux.EpollIo;
import adit.model.SpiffeId;
import adit.protos.l7.Route;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.Service;
import adit.telemetry.Log;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import adit.testkit.ControlPlane;
import adit.testkit.Eventually;
import adit.testkit.WireResources;
import adit.waypoint.config.ProxySettings;
import adit.waypoint.listener.HttpLimits;
import adit.xds.TypeUrls;
import com.google.protobuf.Message;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// A mesh on loopback addresses: a control plane to script, a real waypoint process, node proxies
/// of the backends, clients. Real sockets, real TLS.
final class LoopMesh implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(20);
  static final SpiffeId WAYPOINT = new SpiffeId("cluster.local", "shop", "waypoint");
  static final SpiffeId CLIENT = new SpiffeId("cluster.local", "shop", "client");
  static final String VIP = "10.96.0.1";

  final ControlPlane plane;
  final WaypointProcess waypoint;
  final BlockingQueue<String> connects = new LinkedBlockingQueue<>();
  private final LogLines lines = new LogLines();
  private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  private final ScheduledExecutorService renewal = Executors.newSingleThreadScheduledExecutor();
  private final CaClient ca;
  private final Certificates certificates;
  private final int hbone;
  private final Duration accepting;
  private final List<WaypointProcess> replicas = new ArrayList<>();
  private final List<Thread> ends = new ArrayList<>();

  LoopMesh() throws Exception {
    this(HttpLimits.DEFAULT);
  }

  LoopMesh(HttpLimits limits) throws Exception {
    this(limits, Duration.ZERO);
  }

  /// @param accepting how long a waypoint that ends lets clients in who have not heard of it
  LoopMesh(HttpLimits limits, Duration accepting) throws Exception {
    this.accepting = accepting;
    plane = ControlPlane.start();
    ca =
        new CaClient(
            new CaClient.Settings(
                plane.url(),
                plane.rootsPem(),
                null,
                null,
                "Kubernetes",
                Map.of(),
                Duration.ofHours(1),
                CaClient.Mode.SHARED),
            loops,
            EpollSocketChannel::new);
    certificates =
        new Certificates(
            ca,
            TlsSettings.DEFAULT,
            Clock.systemUTC(),
            System::nanoTime,
            renewal,
            RandomGenerator.getDefault(),
            Log.silent());
    hbone = serveNode("127.0.0.2", 0, identity("backend"));
    plane.put(
        WireResources.address(
            WireResources.endpointOf(
                WireResources.service("shop", "waypoint", 15008, 15008),
                WireResources.workload("shop", "waypoint-1", "waypoint", "n1", ip("127.0.0.1")))));
    waypoint = start(limits, "waypoint-1");
    ends.add(whenEnded(waypoint));
    awaitReady(waypoint);
  }

  private WaypointProcess start(HttpLimits limits, String pod) throws IOException {
    var process =
        new WaypointProcess(
            ProxySettings.read(
                Map.ofEntries(
                    Map.entry("XDS_ADDRESS", plane.url()),
                    Map.entry("CA_ADDRESS", plane.url()),
                    Map.entry("XDS_ROOT_CA", plane.rootsPem()),
                    Map.entry("CA_ROOT_CA", plane.rootsPem()),
                    Map.entry("POD_NAME", pod),
                    Map.entry("POD_NAMESPACE", "shop"),
                    Map.entry("SERVICE_ACCOUNT", "waypoint"),
                    Map.entry("ADIT_GATEWAY", "waypoint"),
                    Map.entry("INSTANCE_IP", "127.0.0.1"),
                    Map.entry("MINIMUM_DRAIN_DURATION", accepting.toSeconds() + "s"),
                    Map.entry("CONNECTION_TERMINATION_DEADLINE", "5s")),
                new ProxySettings.Ports(0, hbone, 0, 0, 0, 0)),
            limits,
            LogOutput.start(lines, LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC()));
    process.start();
    return process;
  }

  private static Thread whenEnded(WaypointProcess process) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            process.awaitEnd();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static void awaitReady(WaypointProcess process) {
    Eventually.holds("the waypoint is ready", PATIENCE, () -> process.readiness().isReady());
  }

  /// Another replica, ready to serve what was published.
  WaypointProcess addReplica() throws IOException {
    WaypointProcess process = start(HttpLimits.DEFAULT, "waypoint-" + (ends.size() + 1));
    replicas.add(process);
    ends.add(whenEnded(process));
    awaitReady(process);
    return process;
  }

  static SpiffeId identity(String account) {
    return new SpiffeId("cluster.local", "shop", account);
  }

  static InetAddress ip(String text) {
    return InetAddress.ofLiteral(text);
  }

  /// The node proxy of a backend: tunnels to its own address end in plain connections.
  ///
  /// @return its port
  int serveNode(String address, int port, SpiffeId identity) {
    return serveNode(
        address,
        port,
        identity,
        (request, responder) -> {
          connects.add(request.head().authority());
          if (!(Authority.parseOrNull(request.head().authority())
              instanceof Authority.Address(var ip, var target))) {
            responder.refuse(400, null);
            return;
          }
          var connecting =
              new Bootstrap()
                  .group(request.eventLoop())
                  .channelFactory(EpollSocketChannel::new)
                  .option(ChannelOption.AUTO_READ, false)
                  .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                  .option(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.relay())
                  .handler(new ChannelInboundHandlerAdapter())
                  .connect(new InetSocketAddress(ip, target));
          connecting.addListener(_ -> {
            if (connecting.isSuccess()) {
              Relay.hold(connecting.channel());
              var _ = Relay.join(connecting.channel(), responder.accept(null));
            } else {
              responder.refuse(503, null);
            }
          });
        });
  }

  /// The node proxy of a backend that lets nobody in.
  void refuseAt(String address, int status, String refusal) {
    serveNode(
        address, hbone, identity("backend"), (_, responder) -> responder.refuse(status, refusal));
  }

  private int serveNode(String address, int port, SpiffeId identity, ConnectHandler handler) {
    HboneServer server =
        new HboneServer(
            ServerSettings.defaults(),
            () -> certificates.get(identity).thenApply(one -> one.serverContext()),
            handler);
    Channel bound =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(EpollServerSocketChannel::new)
            .childHandler(server.childInitializer())
            .bind(new InetSocketAddress(address, port))
            .syncUninterruptibly()
            .channel();
    return ((InetSocketAddress) bound.localAddress()).getPort();
  }

  /// The port of the node proxies.
  int hbone() {
    return hbone;
  }

  /// The next line of the log that has all of this in it.
  String awaitLine(String... parts) throws InterruptedException {
    return lines.await(parts);
  }

  /// Waits until the text of the metrics has this.
  void awaitMetric(String part) {
    Eventually.holds(
        part,
        PATIENCE,
        () -> new String(waypoint.metrics().text(), StandardCharsets.UTF_8).contains(part));
  }

  /// A service that the waypoint serves.
  static Service.Builder service(String name, int port, int target, String vip) {
    return WireResources.service("shop", name, port, target, ip(vip))
        .setWaypoint(
            GatewayAddress.newBuilder()
                .setHostname(
                    NamespacedHostname.newBuilder()
                        .setNamespace("shop")
                        .setHostname("waypoint.shop.svc.cluster.local"))
                .setHboneMtlsPort(15008));
  }

  /// A service with endpoints in the mesh at these addresses.
  void publish(Service.Builder service, String... addresses) {
    plane.put(WireResources.address(service));
    for (String address : addresses) {
      var workload =
          WireResources.workload(
              "shop", service.getName() + "-" + address, "backend", "n1", ip(address));
      plane.put(WireResources.address(WireResources.endpointOf(service, workload)));
    }
    Eventually.holds(
        "the waypoint knows " + service.getName(),
        PATIENCE,
        () -> {
          var known =
              waypoint.board().now().mesh().serviceByHostname(service.getHostname(), "shop");
          return known != null
              && waypoint.board().now().mesh().endpoints(known).size() == addresses.length;
        });
  }

  /// The endpoints of a service are gone when this returns.
  void removeEndpoints(String service) {
    var known =
        Objects.requireNonNull(
            waypoint
                .board()
                .now()
                .mesh()
                .serviceByHostname(service + ".shop.svc.cluster.local", "shop"));
    plane.remove(
        TypeUrls.ADDRESS,
        waypoint.board().now().mesh().endpoints(known).all().stream()
            .map(one -> one.workload().uid())
            .toArray(String[]::new));
    Eventually.holds(
        "no endpoints of " + service,
        PATIENCE,
        () -> waypoint.board().now().mesh().endpoints(known).size() == 0);
  }

  /// An L7 resource, known when this returns.
  void put(String type, String name, Message resource) {
    var before = waypoint.board().now().l7();
    plane.putBytes(type, name, resource.toByteArray());
    Eventually.holds(
        "the waypoint knows " + name, PATIENCE, () -> !waypoint.board().now().l7().equals(before));
  }

  void put(Route.Builder route) {
    put(
        TypeUrls.ROUTE,
        route.getKind() + "/" + route.getNamespace() + "/" + route.getName(),
        route.build());
  }

  /// Waits until a request to a service waits for its turn.
  void awaitPending(String service) {
    Eventually.holds(
        "a request to " + service + " waits",
        PATIENCE,
        () ->
            waypoint.circuits().entrySet().stream()
                .anyMatch(one ->
                    one.getKey().service().toString().equals(service)
                        && one.getValue().pending() == 1));
  }

  /// Waits until so many connections of clients are open.
  void awaitConnections(int many) {
    Eventually.holds(many + " connections", PATIENCE, () -> waypoint.connections().size() == many);
  }

  /// A tunnel of a client to an address, as its node proxy would open it.
  RawClient connect(String authority) throws Exception {
    return connect(CLIENT, authority);
  }

  RawClient connect(SpiffeId identity, String authority) throws Exception {
    return connect(waypoint, identity, authority, PoolSettings.defaults());
  }

  /// Of a client that takes little when it does not read: 64 KiB.
  RawClient connectNarrow(String authority) throws Exception {
    PoolSettings usual = PoolSettings.defaults();
    Http2Settings wide = usual.http2();
    var narrow =
        new Http2Settings(
            64 << 10,
            wide.connectionWindow(),
            wide.backlog(),
            wide.maxFrame(),
            wide.maxHeaderList(),
            wide.maxStreams(),
            wide.pingInterval(),
            wide.pingTimeout(),
            wide.prefaceTimeout(),
            wide.firstRequestTimeout());
    return connect(
        waypoint,
        CLIENT,
        authority,
        new PoolSettings(
            narrow,
            usual.maxStreams(),
            usual.maxIdle(),
            usual.idleRelease(),
            usual.maxWaiting(),
            usual.connectTimeout(),
            usual.handshakeTimeout(),
            usual.answerTimeout()));
  }

  /// By a replica.
  RawClient connect(WaypointProcess to, String authority) throws Exception {
    return connect(to, CLIENT, authority, PoolSettings.defaults());
  }

  private RawClient connect(
      WaypointProcess to, SpiffeId identity, String authority, PoolSettings settings)
      throws Exception {
    EventLoop loop = loops.next();
    var pool = new HbonePool<>(loop, settings, dialer(to, identity));
    Tunnel tunnel =
        pool.open("waypoint", new ConnectHead(authority, null, null, null, null), PATIENCE)
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    return RawClient.over(tunnel);
  }

  private TunnelDialer<String> dialer(WaypointProcess to, SpiffeId identity) {
    return new TunnelDialer<>() {
      @Override
      public InetSocketAddress destination(String key) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), to.port());
      }

      @Override
      public CompletionStage<SslContext> tls(String key) {
        return certificates.get(identity).thenApply(one -> one.clientContext(Set.of(WAYPOINT)));
      }

      @Override
      public Channel newChannel(String key, EventLoop loop) {
        return new EpollSocketChannel();
      }
    };
  }

  @Override
  public void close() throws IOException {
    waypoint.shutDown("test");
    replicas.forEach(one -> one.shutDown("test"));
    try {
      for (Thread end : ends) {
        end.join(PATIENCE);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    certificates.close();
    ca.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    renewal.shutdownNow();
    plane.close();
  }
}
