package adit.istiod.app;

import adit.identity.CertificateChain;
import adit.identity.ca.CaService;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.DirectoryRootStore;
import adit.identity.ca.Lifetimes;
import adit.identity.ca.NodeAuthorizer;
import adit.identity.ca.SigningException;
import adit.istiod.ca.Credentials;
import adit.istiod.ca.ViewPods;
import adit.istiod.debug.DebugPages;
import adit.istiod.push.CallerGate;
import adit.istiod.push.Publisher;
import adit.istiod.push.PushMetrics;
import adit.istiod.status.Reporter;
import adit.istiod.translate.Translator;
import adit.source.ClusterSource;
import adit.source.SourceEnvironment;
import adit.source.StatusWriter;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminResponse;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.xds.DeltaServer;
import adit.xds.TypeUrls;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Puts the stages together and owns what must be closed.
final class ControlPlane implements AutoCloseable {
  private static final int SECURE = 15012;
  private static final int PLAINTEXT = 15010;
  private static final int MONITORING = 15014;
  private static final int READY = 8080;
  private static final Duration SERVER_CERTIFICATE = Duration.ofDays(365);
  private static final int MAX_MESSAGE = 4 << 20;
  private static final List<String> ORDER = List.of(TypeUrls.AUTHORIZATION, TypeUrls.ADDRESS);

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
  private final ScheduledExecutorService pushes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("push").factory());
  // Calls wait for token reviews; few at a time, so small nodes are not flooded with threads.
  private final ExecutorService calls =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("call-", 0).factory());
  private final ClusterSource source;
  private final StatusWriter status;
  private @Nullable Server secure;
  private @Nullable Server plaintext;
  private @Nullable AdminHttp monitoring;
  private @Nullable AdminHttp ready;

  private ControlPlane(SourceEnvironment environment) {
    source = environment.source();
    status = environment.statusWriter("istiod");
  }

  static ControlPlane start(IstiodConfig config, Map<String, String> env, LogOutput output)
      throws IOException, SigningException, InterruptedException {
    Log log = output.scope("istiod");
    Clock clock = Clock.systemUTC();
    SourceEnvironment environment =
        new SourceEnvironment(env, clock, message -> output.scope("source").warn(message));
    CertificateAuthority authority = authority(config, clock);
    ControlPlane plane = new ControlPlane(environment);
    Metrics metrics = metrics(clock);
    Credentials credentials =
        new Credentials(
            environment.tokenReviewer(), config.mesh().trustDomain(), output.scope("auth"));
    PushMetrics listener = new PushMetrics(metrics, output.scope("ads"));
    DeltaServer authenticated =
        new DeltaServer(
            plane.pushes, clock, ORDER, new CallerGate(config.authenticate()), listener);
    DeltaServer open = new DeltaServer(plane.pushes, clock, ORDER, new CallerGate(false), listener);
    List<DeltaServer> servers = List.of(authenticated, open);
    Publisher publisher = plane.publisher(config, servers, log);
    publisher.follow(plane.source);
    CaService ca = plane.ca(config, authority, credentials, metrics, output.scope("ca"));
    plane.secure =
        plane
            .grpc(SECURE)
            .sslContext(tls(config, authority))
            .addService(ServerInterceptors.intercept(authenticated, credentials))
            .addService(ca.definition())
            .build()
            .start();
    plane.plaintext = plane.grpc(PLAINTEXT).addService(open).build().start();
    DebugPages pages =
        new DebugPages(config.mesh(), plane.source, servers, publisher::latestOrNull);
    plane.operatorPorts(metrics, pages, publisher);
    log.info(
        "control plane started",
        "source",
        env.getOrDefault("ADIT_SOURCE_DIR", "kubernetes"),
        "trust_domain",
        config.mesh().trustDomain(),
        "roots",
        authority.roots().size());
    return plane;
  }

  private Publisher publisher(IstiodConfig config, List<DeltaServer> servers, Log log) {
    Reporter reporter = new Reporter(status, log);
    return new Publisher(
        pushes,
        new Translator(config.mesh()),
        servers,
        new Publisher.Settle(config.debounceAfter(), config.debounceMax()),
        System::nanoTime,
        (view, translated) -> {
          log.debug(
              "published",
              "view",
              view.version(),
              "addresses",
              translated.addresses().size(),
              "policies",
              translated.policies().size());
          reporter.report(view, translated);
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

  private void operatorPorts(Metrics metrics, DebugPages pages, Publisher publisher)
      throws InterruptedException {
    AdminHttp health =
        new AdminHttp(calls)
            .route(
                "/ready",
                _ ->
                    publisher.latestOrNull() == null
                        ? AdminResponse.text(503, "not ready, pending: first snapshot\n")
                        : AdminResponse.text(200, "ready\n"));
    pages.addTo(health);
    health.bind(loops, EpollServerSocketChannel::new, new InetSocketAddress(READY)).sync();
    ready = health;
    AdminHttp monitor = new AdminHttp(calls).route("/metrics", metrics.route());
    pages.addTo(monitor);
    monitor.bind(loops, EpollServerSocketChannel::new, new InetSocketAddress(MONITORING)).sync();
    monitoring = monitor;
  }

  private NettyServerBuilder grpc(int port) {
    return NettyServerBuilder.forPort(port)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .channelFactory(EpollServerSocketChannel::new)
        .executor(calls)
        .maxInboundMessageSize(MAX_MESSAGE)
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

  private static CertificateAuthority authority(IstiodConfig config, Clock clock)
      throws IOException {
    Path directory = config.rootDirectory();
    Lifetimes lifetimes =
        new Lifetimes(config.lives().standard(), config.lives().longest(), config.lives().root());
    boolean pluggedIn =
        Files.exists(directory.resolve("ca-cert.pem"))
            || Files.exists(directory.resolve("tls.crt"));
    return pluggedIn
        ? CertificateAuthority.pluggedIn(directory, config.mesh().trustDomain(), lifetimes, clock)
        : CertificateAuthority.openOrCreate(
            new DirectoryRootStore(directory), config.mesh().trustDomain(), lifetimes, clock);
  }

  private static SslContext tls(IstiodConfig config, CertificateAuthority authority)
      throws SigningException, IOException {
    CertificateChain own = authority.serverCertificate(config.serverNames(), SERVER_CERTIFICATE);
    return GrpcSslContexts.configure(
            SslContextBuilder.forServer(own.key(), own.presented().toArray(X509Certificate[]::new)),
            SslProvider.OPENSSL)
        .protocols("TLSv1.3", "TLSv1.2")
        .clientAuth(ClientAuth.OPTIONAL)
        .trustManager(authority.roots().toArray(X509Certificate[]::new))
        .build();
  }

  @Override
  public void close() {
    for (Server server : new @Nullable Server[] {secure, plaintext}) {
      if (server != null) {
        server.shutdownNow();
      }
    }
    for (AdminHttp http : new @Nullable AdminHttp[] {monitoring, ready}) {
      if (http != null) {
        var _ = http.drain(Duration.ofSeconds(1));
      }
    }
    source.close();
    status.close();
    pushes.shutdownNow();
    calls.shutdownNow();
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
