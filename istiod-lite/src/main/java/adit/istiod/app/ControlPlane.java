package adit.istiod.app;

import adit.identity.ca.CaService;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.DirectoryRootStore;
import adit.identity.ca.Lifetimes;
import adit.identity.ca.NodeAuthorizer;
import adit.identity.ca.RootStore;
import adit.identity.ca.SigningException;
import adit.istiod.ca.Credentials;
import adit.istiod.ca.ViewPods;
import adit.istiod.cluster.ClusterDuties;
import adit.istiod.cluster.LeadersStatus;
import adit.istiod.cluster.Leadership;
import adit.istiod.cluster.RootSecret;
import adit.istiod.debug.DebugPages;
import adit.istiod.debug.DebugQueries;
import adit.istiod.gateway.GatewayReporter;
import adit.istiod.gateway.MeshGateways;
import adit.istiod.gateway.WaypointObjects;
import adit.istiod.l7.L7Check;
import adit.istiod.push.CallerGate;
import adit.istiod.push.Publisher;
import adit.istiod.push.PushMetrics;
import adit.istiod.status.Reporter;
import adit.istiod.translate.MeshSettings;
import adit.istiod.translate.Translated;
import adit.istiod.translate.Translator;
import adit.istiod.validate.Validator;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.Selection;
import adit.source.SourceEnvironment;
import adit.source.StatusWriter;
import adit.source.TokenReviewer;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminResponse;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.xds.DeltaServer;
import adit.xds.TypeUrls;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Puts the stages together and owns what must be closed.
final class ControlPlane implements AutoCloseable {
  // Calls that are open when a connection is too old end at the latest after this time.
  private static final Duration LONGEST_GRACE = Duration.ofSeconds(10);
  private static final Duration LOOK_AFTER_ROOTS = Duration.ofSeconds(15);
  // What etcd takes, twice: a review has the object before and after.
  private static final int MAX_REVIEW = 4 << 20;
  private static final int MAX_MESSAGE = 4 << 20;
  private static final int MAX_CALLS = 16;
  // Reviews leave some of the threads to calls that need none.
  private static final int MAX_REVIEWS = 12;
  private static final int ADMIN_THREADS = 2;
  private static final int ADMIN_QUEUE = 64;
  private static final List<String> ORDER =
      Stream.concat(Stream.of(TypeUrls.AUTHORIZATION, TypeUrls.ADDRESS), TypeUrls.L7.stream())
          .toList();

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
  private final ScheduledExecutorService pushes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("push").factory());
  // Calls wait for token reviews, and gRPC cannot do with an executor that rejects.
  private final ThreadPoolExecutor calls = threads("call-", MAX_CALLS, new LinkedBlockingQueue<>());
  private final List<ThreadPoolExecutor> requests = new ArrayList<>();
  private final ClusterSource source;
  private final StatusWriter status;
  private @Nullable Server secure;
  private @Nullable Server plaintext;
  private @Nullable AdminHttp monitoring;
  private @Nullable AdminHttp ready;
  private @Nullable AdminHttp validator;
  private @Nullable RootKeeper roots;
  private final @Nullable KubernetesClient api;
  private @Nullable Leadership leadership;
  // Of another thread's, too: who keeps the roots tells it.
  private volatile @Nullable ClusterDuties duties;
  private Ports ports = Ports.STANDARD;

  /// The ports listened on; 0 is any free one.
  ///
  /// @param secure discovery and certificates
  /// @param plaintext discovery without authentication
  /// @param monitoring metrics and debug pages
  /// @param ready readiness and debug pages
  /// @param validator admission reviews
  record Ports(int secure, int plaintext, int monitoring, int ready, int validator) {
    static final Ports STANDARD = new Ports(15012, 15010, 15014, 8080, 15017);
  }

  /// Where objects come from, where their status goes, who checks tokens.
  ///
  /// @param api of the cluster that this control plane looks after; null: it is a directory
  record Cluster(
      ClusterSource source,
      StatusWriter status,
      TokenReviewer tokens,
      @Nullable KubernetesClient api) {
    static Cluster of(SourceEnvironment environment) {
      return new Cluster(
          environment.source(
              Selection.ofControlPlane(
                  environment.env().getOrDefault("POD_NAMESPACE", "istio-system")),
              new L7Check()),
          environment.statusWriter("istiod"),
          environment.tokenReviewer(),
          environment.isKubernetes() ? environment.api() : null);
    }
  }

  private ControlPlane(Cluster cluster) {
    source = cluster.source();
    status = cluster.status();
    api = cluster.api();
  }

  /// Bounded threads that end when there is nothing to do.
  private static ThreadPoolExecutor threads(String name, int most, BlockingQueue<Runnable> queue) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            most,
            most,
            10,
            TimeUnit.SECONDS,
            queue,
            Thread.ofPlatform().daemon().name(name, 0).factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /// Of one HTTP server, so that nothing else keeps it from answering: whoever asks for readiness
  /// ends a process that does not. What is more than can wait is answered with 503.
  private ThreadPoolExecutor requests(String name) {
    ThreadPoolExecutor threads =
        threads(name, ADMIN_THREADS, new ArrayBlockingQueue<>(ADMIN_QUEUE));
    requests.add(threads);
    return threads;
  }

  /// Starts everything, or nothing. The cluster is closed with the control plane.
  static ControlPlane start(IstiodConfig config, Cluster cluster, Ports ports, LogOutput output)
      throws IOException, SigningException, InterruptedException {
    ControlPlane plane = new ControlPlane(cluster);
    try {
      plane.open(config, cluster.tokens(), ports, output);
      return plane;
    } catch (IOException | SigningException | InterruptedException | RuntimeException e) {
      plane.close();
      throw e;
    }
  }

  private void open(IstiodConfig config, TokenReviewer tokens, Ports wanted, LogOutput output)
      throws IOException, SigningException, InterruptedException {
    Log log = output.scope("istiod");
    Clock clock = Clock.systemUTC();
    CertificateAuthority authority = authority(config, clock, output.scope("ca"));
    ServerTls tls = new ServerTls(config.serverNames(), authority, clock, output.scope("ca"));
    Metrics metrics = metrics(clock);
    Credentials credentials =
        new Credentials(tokens, config.mesh().trustDomain(), MAX_REVIEWS, output.scope("auth"));
    List<DeltaServer> servers =
        servers(config, clock, new PushMetrics(metrics, output.scope("ads")));
    Reporter reporter = reporter(config, authority, log);
    Publisher publisher = publisher(config, servers, reporter, log);
    publisher.follow(source);
    roots = new RootKeeper(tls, LOOK_AFTER_ROOTS, this::rootsChanged);
    CaService ca = ca(config, authority, credentials, metrics, output.scope("ca"));
    Server tlsServer =
        grpc(wanted.secure(), config.lives().connection())
            .sslContext(tls.grpc())
            .addService(ServerInterceptors.intercept(servers.getFirst(), credentials))
            .addService(ca.definition())
            .build()
            .start();
    secure = tlsServer;
    Server plainServer =
        grpc(wanted.plaintext(), config.lives().connection())
            .addService(servers.getLast())
            .build()
            .start();
    plaintext = plainServer;
    DebugPages pages = new DebugPages(config.mesh(), source, servers, publisher::latestOrNull);
    ports =
        new Ports(
            tlsServer.getPort(),
            plainServer.getPort(),
            monitoring(wanted.monitoring(), metrics, pages, log),
            ready(wanted.ready(), pages, publisher, log),
            validator(wanted.validator(), config.mesh(), tls, log));
    log.info(
        "control plane started",
        "trust_domain",
        config.mesh().trustDomain(),
        "roots",
        authority.roots().size());
  }

  /// The secure port's and the plaintext port's.
  private List<DeltaServer> servers(IstiodConfig config, Clock clock, PushMetrics listener) {
    List<DeltaServer> servers = new CopyOnWriteArrayList<>();
    servers.add(
        new DeltaServer(
            pushes,
            clock,
            ORDER,
            new CallerGate(config.authenticate()),
            listener,
            new DebugQueries(config.mesh(), config.replica(), () -> servers)));
    servers.add(new DeltaServer(pushes, clock, ORDER, new CallerGate(false), listener));
    return servers;
  }

  /// In a cluster one of the replicas writes.
  private Reporter reporter(IstiodConfig config, CertificateAuthority authority, Log log) {
    KubernetesClient client = api;
    MeshGateways gateways =
        new MeshGateways(config.mesh().revision(), config.mesh().clusterDomain());
    if (client == null) {
      return new Reporter(status, new GatewayReporter(gateways, status), log);
    }
    String namespace = config.mesh().rootNamespace();
    Leadership held = new Leadership(client, namespace, config.replica(), log);
    leadership = held;
    StatusWriter writer = new LeadersStatus(status, held::leads);
    GatewayReporter gatewayReporter = new GatewayReporter(gateways, writer);
    Reporter reporter = new Reporter(writer, gatewayReporter, log);
    ClusterDuties.Waypoints waypoints =
        new ClusterDuties.Waypoints(
            gateways,
            new WaypointObjects(config.waypoints()),
            failures -> pushes.execute(() -> gatewayReporter.failed(failures)));
    ClusterDuties kept =
        new ClusterDuties(
            client, namespace, source, authority::rootsPem, waypoints, held::leads, log);
    duties = kept;
    held.apply(() -> {
      pushes.execute(reporter::repeat);
      kept.look();
    });
    return reporter;
  }

  private void rootsChanged() {
    ClusterDuties kept = duties;
    if (kept != null) {
      kept.look();
    }
  }

  /// The ports that are open.
  Ports ports() {
    return ports;
  }

  private Publisher publisher(
      IstiodConfig config, List<DeltaServer> servers, Reporter reporter, Log log) {
    return new Publisher(
        pushes,
        new Translator(config.mesh())::translate,
        servers,
        new Publisher.Settle(config.debounceAfter(), config.debounceMax()),
        System::nanoTime,
        new Publisher.Listener() {
          @Override
          public void published(ClusterView view, Translated translated) {
            log.debug(
                "published",
                "view",
                view.version(),
                "addresses",
                translated.addresses().size(),
                "policies",
                translated.policies().size());
            reporter.report(view, translated);
          }

          @Override
          public void failed(ClusterView view, RuntimeException fault) {
            log.error("not published, a fault", "view", view.version(), "error", fault);
          }
        });
  }

  private CaService ca(
      IstiodConfig config,
      CertificateAuthority authority,
      Credentials credentials,
      Metrics metrics,
      Log log) {
    ViewPods pods = new ViewPods(source, config.mesh().clusterId());
    NodeAuthorizer nodes =
        new NodeAuthorizer(config.trustedNodeAccounts(), config.mesh().trustDomain(), pods);
    return new CaService(authority, credentials, nodes, metrics, Clock.systemUTC(), log);
  }

  private int ready(int port, DebugPages pages, Publisher publisher, Log log)
      throws InterruptedException {
    AdminHttp http =
        new AdminHttp(requests("ready-"))
            .log(log)
            .route(
                "/ready",
                _ ->
                    publisher.latestOrNull() == null
                        ? AdminResponse.text(503, "not ready, pending: first snapshot\n")
                        : AdminResponse.text(200, "ready\n"));
    pages.addTo(http);
    ready = http;
    return bind(http, port);
  }

  private int monitoring(int port, Metrics metrics, DebugPages pages, Log log)
      throws InterruptedException {
    AdminHttp http =
        new AdminHttp(requests("monitoring-")).log(log).route("/metrics", metrics.route());
    pages.addTo(http);
    monitoring = http;
    return bind(http, port);
  }

  private int validator(int port, MeshSettings mesh, ServerTls tls, Log log)
      throws InterruptedException {
    AdminHttp http =
        new AdminHttp(requests("validator-"), MAX_REVIEW, tls.web())
            .log(log)
            .route("/validate", Set.of("POST"), new Validator(mesh)::route);
    validator = http;
    return bind(http, port);
  }

  private int bind(AdminHttp http, int port) throws InterruptedException {
    var bound = http.bind(loops, EpollServerSocketChannel::new, new InetSocketAddress(port)).sync();
    return ((InetSocketAddress) bound.channel().localAddress()).getPort();
  }

  /// Connections end at an age, so that clients spread again over what serves them, and so that a
  /// token that is no longer good does not keep its stream for ever.
  private NettyServerBuilder grpc(int port, Duration age) {
    Duration grace = age.compareTo(LONGEST_GRACE) < 0 ? age : LONGEST_GRACE;
    return NettyServerBuilder.forPort(port)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .channelFactory(EpollServerSocketChannel::new)
        .executor(calls)
        .maxInboundMessageSize(MAX_MESSAGE)
        .maxConnectionAge(age.toMillis(), TimeUnit.MILLISECONDS)
        .maxConnectionAgeGrace(grace.toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(5, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true);
  }

  private static Metrics metrics(Clock clock) {
    Metrics metrics = new Metrics();
    long started = clock.millis();
    metrics.addProcessDescriptors();
    metrics.gaugeOf(
        "istiod_uptime_seconds",
        "Seconds since the start.",
        Stability.CORE,
        () -> (clock.millis() - started) / 1000.0);
    metrics
        .gauge("istio_build", "The component and its version.", Stability.CORE, "component", "tag")
        .series("pilot", "adit-1.31.0")
        .set(1);
    return metrics;
  }

  private CertificateAuthority authority(IstiodConfig config, Clock clock, Log log)
      throws IOException {
    Path directory = config.rootDirectory();
    String domain = config.mesh().trustDomain();
    Lifetimes lifetimes =
        new Lifetimes(config.lives().standard(), config.lives().longest(), config.lives().root());
    boolean pluggedIn =
        Files.exists(directory.resolve("ca-cert.pem"))
            || Files.exists(directory.resolve("tls.crt"));
    if (pluggedIn) {
      log.info("plugged-in root", "directory", directory.toString());
      return CertificateAuthority.pluggedIn(directory, domain, lifetimes, clock);
    }
    RootStore store =
        api == null
            ? new DirectoryRootStore(directory)
            : new RootSecret(api, config.mesh().rootNamespace(), log);
    return CertificateAuthority.openOrCreate(store, domain, lifetimes, clock);
  }

  @Override
  public void close() {
    for (Server server : new @Nullable Server[] {secure, plaintext}) {
      if (server != null) {
        end(server);
      }
    }
    for (AdminHttp http : new @Nullable AdminHttp[] {monitoring, ready, validator}) {
      if (http != null) {
        var _ = http.drain(Duration.ofSeconds(1));
      }
    }
    closeDuties();
    source.close();
    status.close();
    pushes.shutdownNow();
    calls.shutdownNow();
    requests.forEach(ThreadPoolExecutor::shutdownNow);
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private void closeDuties() {
    if (roots != null) {
      roots.close();
    }
    if (duties != null) {
      duties.close();
    }
    if (leadership != null) {
      leadership.close();
    }
    if (api != null) {
      api.close();
    }
  }

  /// Its calls end on our executor, so that may only be stopped afterwards.
  private static void end(Server server) {
    try {
      var _ = server.shutdownNow().awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
