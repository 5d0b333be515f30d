package adit.waypoint.app;

import adit.hbone.HboneServer;
import adit.hbone.PoolSettings;
import adit.hbone.ReadSizes;
import adit.hbone.ServerSettings;
import adit.identity.CaClient;
import adit.identity.Certificates;
import adit.identity.TlsSettings;
import adit.l7.WaypointConfig;
import adit.linux.EpollIo;
import adit.model.Locality;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.proxy.DiscoveryChannels;
import adit.proxy.OperatorPorts;
import adit.proxy.XdsMetrics;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import adit.telemetry.Metrics;
import adit.telemetry.Readiness;
import adit.telemetry.Stability;
import adit.waypoint.authenticate.Authenticator;
import adit.waypoint.authenticate.KeySets;
import adit.waypoint.balance.Circuit;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.balance.Limiter;
import adit.waypoint.config.ProxySettings;
import adit.waypoint.flow.Connections;
import adit.waypoint.flow.Entrance;
import adit.waypoint.flow.Parts;
import adit.waypoint.flow.ServiceCalls;
import adit.waypoint.listener.HttpLimits;
import adit.waypoint.observe.Observer;
import adit.waypoint.observe.Party;
import adit.waypoint.route.Entry;
import adit.waypoint.trace.Tracers;
import adit.waypoint.upstream.Transport;
import adit.waypoint.upstream.UpstreamPool;
import adit.waypoint.view.Bindings;
import adit.waypoint.view.Board;
import adit.waypoint.view.Discovery;
import adit.waypoint.view.L7View;
import adit.xds.DeltaClient;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A running waypoint, from its settings to its end. The only place that constructs across
/// packages.
///
/// ```
/// start: operator's ports -> certificate, discovery --first answer of each type--> 15008
/// end:   not ready, GOAWAY, clients who have not heard still let in --a while--> listener closed
///        -> requests go on --none left, or the deadline--> closed
/// ```
public final class WaypointProcess {
  private final ProxySettings settings;
  private final HttpLimits limits;
  private final LogOutput output;
  private final Log log;
  private final Metrics metrics = new Metrics();
  private final Readiness readiness = new Readiness();
  private final Readiness.Task synced = readiness.pending("discovery");
  private final Readiness.Task certified = readiness.pending("certificate");
  private final Readiness.Task listening = readiness.pending("listener");
  private final RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
  private final EventLoopGroup control = group("control", 1);
  private final EventLoopGroup workers;
  private final ScheduledExecutorService owner = thread("mesh");
  private final ScheduledExecutorService renewal = thread("identity");
  private final CountDownLatch ending = new CountDownLatch(1);
  private final Connections connections = new Connections();
  private final Map<Endpoints.Group, Circuit> circuits = new ConcurrentHashMap<>();
  private final Bindings bindings;
  private final Board board;
  private final CaClient ca;
  private final Certificates certificates;
  private final HboneServer server;
  private final Map<EventLoop, UpstreamPool> pools = new HashMap<>();
  private final Endpoints endpoints;
  private final ServiceCalls calls;
  private final Tracers tracers;
  private final OperatorPorts operator;
  private final HttpClient http =
      HttpClient.newBuilder()
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private @Nullable DeltaClient discovery;
  private @Nullable Channel listener;

  /// Nothing runs yet.
  public WaypointProcess(ProxySettings settings, HttpLimits limits, LogOutput output) {
    this.settings = settings;
    this.limits = limits;
    this.output = output;
    this.log = output.scope("app");
    workers = group("waypoint", settings.workers());
    bindings = new Bindings(settings.self().network(), settings.self().address());
    board =
        new Board(
            new L7View.Gateway(settings.self().gatewayKey(), settings.self().gatewayClass()),
            bindings,
            System::nanoTime);
    ca = caClient();
    certificates =
        new Certificates(
            ca,
            TlsSettings.DEFAULT,
            Clock.systemUTC(),
            System::nanoTime,
            renewal,
            random,
            output.scope("identity"));
    workers.forEach(loop -> pools.put((EventLoop) loop, pool((EventLoop) loop)));
    endpoints =
        new Endpoints(
            placeholder(settings.self()), settings.self().address(), random, System::nanoTime);
    calls =
        new ServiceCalls(
            board,
            endpoints,
            pools,
            new InetSocketAddress(settings.self().address(), 0),
            new Party(null, settings.self().identity()));
    tracers = tracers(settings.self());
    server =
        new HboneServer(
            ServerSettings.defaults(),
            () ->
                certificates
                    .get(settings.self().identity())
                    .thenApply(certificate -> certificate.serverContext()),
            entrance());
    operator = new OperatorPorts(control, true, output.scope("admin"));
  }

  private static EventLoopGroup group(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name, true), EpollIo.factory());
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  private CaClient caClient() {
    var endpoint = settings.control().ca();
    return new CaClient(
        new CaClient.Settings(
            String.valueOf(endpoint.address()),
            endpoint.root(),
            endpoint.alternativeName(),
            settings.control().token(),
            settings.self().clusterId(),
            endpoint.headers(),
            settings.control().certificateLifetime(),
            CaClient.Mode.SHARED),
        control,
        EpollSocketChannel::new);
  }

  private UpstreamPool pool(EventLoop loop) {
    return new UpstreamPool(
        new Transport(
            loop,
            PoolSettings.defaults(),
            certificates,
            settings.self()::identity,
            settings.ports().workloadHbone()));
  }

  private Entrance entrance() {
    ProxySettings.Self self = settings.self();
    var observer =
        new Observer(
            board,
            output.scope("proxy"),
            output.scope("access"),
            metrics,
            System::nanoTime,
            Clock.systemUTC());
    var parts =
        new Parts(
            self.identity(),
            board,
            endpoints,
            new Authenticator(
                new KeySets(http, System::nanoTime, output.scope("jwks")), Clock.systemUTC()),
            new Limiter(System::nanoTime),
            pools,
            circuits,
            observer,
            calls,
            tracers,
            random,
            Clock.systemUTC(),
            () -> Ids.next(random));
    return new Entrance(
        parts, new Entry(bindings), limits, settings.detection(), this::trustDomains, connections);
  }

  private Tracers tracers(ProxySettings.Self self) {
    return new Tracers(
        calls,
        random,
        metrics,
        Map.of(
            "service.name",
            self.gateway(),
            "service.namespace",
            self.namespace(),
            "k8s.namespace.name",
            self.namespace(),
            "k8s.pod.name",
            self.podName()));
  }

  /// How we stand to endpoints until the control plane says it.
  private static Workload placeholder(ProxySettings.Self self) {
    return new Workload(
        self.clusterId() + "//Pod/" + self.namespace() + "/" + self.podName(),
        self.podName(),
        self.identity(),
        Workload.Canonical.NONE,
        new Workload.Placement(self.network(), self.clusterId(), self.node(), Locality.UNKNOWN),
        List.of(self.address()),
        "",
        Workload.Reach.PLAIN,
        Map.of(),
        List.of(),
        true,
        1);
  }

  private Set<String> trustDomains() {
    WaypointConfig config = board.now().l7().config();
    return config == null ? Set.of(settings.self().trustDomain()) : config.trustDomains();
  }

  /// Starts everything; returns when the process serves its operator's ports. Traffic is served
  /// when the control plane has answered: without its policies nothing must pass.
  public void start() throws IOException {
    metrics.addProcessDescriptors();
    metrics
        .gauge("istio_build", "Istio component build info", Stability.CORE, "component", "tag")
        .series("waypoint", settings.metadata().getOrDefault("ISTIO_VERSION", "unknown"))
        .set(1);
    Operator.open(operator, this);
    SpiffeId identity = settings.self().identity();
    certificates.warmUp(identity);
    var _ =
        certificates
            .get(identity)
            .whenComplete((certificate, failure) -> {
              if (failure == null) {
                certified.done();
              } else {
                awaitCertificate(identity);
              }
            });
    URI xds = Objects.requireNonNull(settings.control().xds().address());
    var client =
        new DeltaClient(
            owner,
            new DiscoveryChannels(
                xds,
                settings.control().xds(),
                settings.control().token(),
                settings.self().clusterId(),
                control),
            () -> WaypointNode.of(settings),
            new Discovery(board).subscriptions(),
            new XdsMetrics(output.scope("xds"), metrics),
            random);
    discovery = client;
    var _ = client.answered().thenRun(this::listen);
    client.start();
    log.info("started", "gateway", settings.self().gatewayKey(), "xds", xds);
  }

  /// The CA may be away when we start; its absence is told where certificates are fetched.
  private void awaitCertificate(SpiffeId identity) {
    if (ending.getCount() > 0) {
      var _ =
          renewal.schedule(
              () ->
                  certificates
                      .get(identity)
                      .whenComplete((certificate, failure) -> {
                        if (failure == null) {
                          certified.done();
                        } else {
                          awaitCertificate(identity);
                        }
                      }),
              1,
              TimeUnit.SECONDS);
    }
  }

  private synchronized void listen() {
    if (ending.getCount() == 0) {
      return;
    }
    synced.done();
    ChannelFuture bound =
        new ServerBootstrap()
            .group(control, workers)
            .channelFactory(EpollServerSocketChannel::new)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 4096)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, ReadSizes.connection())
            .childHandler(server.childInitializer())
            .bind(new InetSocketAddress(settings.ports().hbone()));
    listener = bound.channel();
    bound.addListener(_ -> {
      if (bound.isSuccess()) {
        listening.done();
      } else {
        log.error("cannot listen", "port", settings.ports().hbone(), "error", bound.cause());
        var _ = owner.schedule(this::listen, 1, TimeUnit.SECONDS);
      }
    });
  }

  /// Begins the end. Any thread, any number of times.
  public void shutDown(String why) {
    if (ending.getCount() > 0) {
      log.info("shutting down", "reason", why);
      ending.countDown();
    }
  }

  /// Waits until the end has begun, then lets requests finish within the deadline.
  public void awaitEnd() throws InterruptedException {
    ending.await();
    Readiness.Task draining = readiness.pending("draining");
    connections.drain();
    TimeUnit.NANOSECONDS.sleep(settings.ending().accepting().toNanos());
    synchronized (this) {
      if (listener != null) {
        var _ = listener.close();
      }
    }
    var drained = server.drain().toCompletableFuture();
    boolean complete = true;
    try {
      drained.get(settings.ending().deadline().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException _) {
      complete = false;
    }
    log.info("drained", "complete", complete);
    close();
    draining.done();
  }

  private void close() {
    var _ = server.close();
    tracers.close();
    pools.forEach((loop, pool) -> loop.execute(pool::close));
    DeltaClient client = discovery;
    if (client != null) {
      client.close();
    }
    operator.close();
    certificates.close();
    ca.close();
    http.shutdownNow();
  }

  /// The port of the listener, 0 while there is none.
  public synchronized int port() {
    Channel open = listener;
    return open != null && open.localAddress() instanceof InetSocketAddress address
        ? address.getPort()
        : 0;
  }

  /// What is waited for before traffic is served.
  public Readiness readiness() {
    return readiness;
  }

  /// What is counted.
  public Metrics metrics() {
    return metrics;
  }

  Board board() {
    return board;
  }

  ProxySettings settings() {
    return settings;
  }

  LogOutput output() {
    return output;
  }

  Certificates certificates() {
    return certificates;
  }

  Map<Endpoints.Group, Circuit> circuits() {
    return circuits;
  }

  Connections connections() {
    return connections;
  }
}
