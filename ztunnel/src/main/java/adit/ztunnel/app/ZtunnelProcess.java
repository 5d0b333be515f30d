package adit.ztunnel.app;

import adit.identity.CaClient;
import adit.identity.CertificateSource;
import adit.identity.Certificates;
import adit.identity.IdentityException;
import adit.identity.TlsSettings;
import adit.linux.EpollIo;
import adit.linux.FilePages;
import adit.model.SpiffeId;
import adit.proxy.DiscoveryChannels;
import adit.proxy.OperatorPorts;
import adit.proxy.XdsMetrics;
import adit.telemetry.Level;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import adit.telemetry.Metrics;
import adit.telemetry.Readiness;
import adit.telemetry.Stability;
import adit.xds.DeltaClient;
import adit.ztunnel.authorize.Gatekeeper;
import adit.ztunnel.config.ZtunnelConfig;
import adit.ztunnel.discovery.Discovery;
import adit.ztunnel.discovery.NodeOf;
import adit.ztunnel.discovery.Prefetch;
import adit.ztunnel.flow.RelayMeter;
import adit.ztunnel.listener.Admission;
import adit.ztunnel.listener.Loops;
import adit.ztunnel.observe.Observer;
import adit.ztunnel.observe.RefusalRing;
import adit.ztunnel.view.LocalPod;
import adit.ztunnel.view.MeshBoard;
import adit.ztunnel.zds.PodRoster;
import adit.ztunnel.zds.ZdsClient;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A running node proxy, from its configuration to its end. The only place that constructs across
/// packages.
///
/// ```
/// start: operator's ports -> discovery --first whole answer of each type--> certificates
///   --all, or the limit--> node agent -> pods
/// end:   listeners closed -> connections go on --none left, or the deadline--> closed
/// ```
final class ZtunnelProcess {
  private static final int REFUSALS_KEPT = 256;
  private static final int SETTLED_SECONDS = 5;
  private static final Duration CERTIFICATES_LIMIT = Duration.ofSeconds(10);
  private static final Duration CERTIFICATES_LOOK = Duration.ofMillis(20);

  private final ZtunnelConfig config;
  private final LogOutput output;
  private final Log log;
  private final Metrics metrics = new Metrics();
  private final Readiness readiness = new Readiness();

  // Pending from the first moment: a probe that comes between two of them must not find the process
  // ready.
  private final Readiness.Task wiring = readiness.pending("proxy");
  private final Readiness.Task synced = readiness.pending("state manager");
  private final Readiness.Task certified = readiness.pending("certificates");
  private final Readiness.Task snapshot = ZdsWatch.pending(readiness);

  private final MeshBoard board = new MeshBoard();
  private final RefusalRing refusals = new RefusalRing(REFUSALS_KEPT, Clock.systemUTC());
  private final RelayMeter meter = new RelayMeter();
  private final RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
  private final EventLoopGroup control;
  private final EventLoopGroup workers;
  private final ScheduledExecutorService owner;
  private final ScheduledExecutorService renewal;
  private final CountDownLatch ending = new CountDownLatch(1);
  private final NodeParts node;
  private final Prefetch prefetch;
  private final PodProxies pods;
  private final OperatorPorts operator;
  private @Nullable DeltaClient discovery;
  private @Nullable ZdsClient agent;
  private @Nullable PodProxy self;

  ZtunnelProcess(ZtunnelConfig config, LogOutput output) {
    this.config = config;
    this.output = output;
    this.log = output.scope("app");
    control = group("control", 1);
    workers = group("ztunnel", config.workers());
    owner = thread("mesh");
    renewal = thread("identity");
    List<EventLoop> loops = new ArrayList<>();
    workers.forEach(loop -> loops.add((EventLoop) loop));
    var certificates =
        new Certificates(
            certificateSource(),
            TlsSettings.DEFAULT,
            Clock.systemUTC(),
            System::nanoTime,
            renewal,
            random,
            output.scope("identity"));
    var gatekeeper =
        new Gatekeeper(
            output.scope("rbac"),
            config.features().logPolicies() ? Level.INFO : Level.DEBUG,
            () -> Long.toHexString(random.nextLong() | 1L << 63));
    node =
        new NodeParts(
            config,
            new Loops(loops),
            admission(),
            board,
            owner,
            certificates,
            new NodeParts.Decisions(
                gatekeeper, new Observer(log, metrics, refusals, System::nanoTime), meter),
            output.scope("proxy"));
    pods = new PodProxies(node, metrics);
    operator = new OperatorPorts(control, config.sockets().ipv6(), output.scope("admin"));
    prefetch =
        new Prefetch(
            Objects.requireNonNullElse(config.self().node(), ""),
            certificates::warmUp,
            certificates::forget);
    board.add(prefetch);
  }

  private static EventLoopGroup group(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name, true), EpollIo.factory());
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  private CertificateSource certificateSource() {
    ZtunnelConfig.Control settings = config.control();
    URI address = settings.ca().address();
    if (address == null) {
      return identity ->
          CompletableFuture.failedStage(
              new IdentityException("identity " + identity + ": there is no CA (CA_ADDRESS)"));
    }
    return new CaClient(
        new CaClient.Settings(
            address.toString(),
            settings.ca().root(),
            settings.ca().alternativeName(),
            settings.token(),
            config.self().clusterId(),
            settings.ca().headers(),
            settings.certificateLifetime(),
            CaClient.Mode.SHARED),
        control,
        EpollSocketChannel::new);
  }

  private Admission admission() {
    return Limits.admission(config.budgets(), output.scope("admission"), metrics);
  }

  /// Starts everything; returns when the process serves its operator's ports. What depends on the
  /// control plane follows when that has answered.
  void start() throws IOException {
    metrics.addProcessDescriptors();
    var version = Version.current(config.metadata());
    metrics
        .gauge("istio_build", "Istio component build info", Stability.CORE, "component", "tag")
        .series("ztunnel", version.istio())
        .set(1);
    Operator.open(operator, this, version);
    LocalState.load(config.control(), board, owner, log);
    URI xds = config.control().xds().address();
    if (xds == null) {
      owner.execute(this::known);
    } else {
      var client =
          new DeltaClient(
              owner,
              new DiscoveryChannels(
                  xds,
                  config.control().xds(),
                  config.control().token(),
                  config.self().clusterId(),
                  control),
              () -> NodeOf.config(config),
              new Discovery(board).subscriptions(),
              new XdsMetrics(output.scope("xds"), metrics),
              random);
      discovery = client;
      var _ = client.synced().thenRunAsync(this::known, owner);
      client.start();
    }
    wiring.done();
    log.info(
        "started",
        "workers",
        config.workers(),
        "xds",
        String.valueOf(xds),
        "zds",
        config.control().zdsSocket());
  }

  /// The mesh is known. On the owner's thread.
  private void known() {
    synced.done();
    certify(System.nanoTime() + CERTIFICATES_LIMIT.toNanos());
  }

  /// A process that takes over from another one shares its ports from the moment it listens, so it
  /// listens when it can serve: with the certificates of its node's workloads. Not longer than some
  /// time, since a CA that is away must not keep those from being served who need no certificate.
  private void certify(long deadline) {
    Set<SpiffeId> lacking = prefetch.without(id -> certificates().currentOrNull(id) != null);
    if (lacking.isEmpty() || System.nanoTime() > deadline) {
      if (!lacking.isEmpty()) {
        log.warn("pods are served without their certificates", "lacking", lacking);
      }
      certified.done();
      follow();
    } else {
      var _ =
          owner.schedule(
              () -> certify(deadline), CERTIFICATES_LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /// Pods may be served.
  private synchronized void follow() {
    if (ending.getCount() == 0) {
      return;
    }
    var _ = owner.schedule(this::settle, SETTLED_SECONDS, TimeUnit.SECONDS);
    var client =
        new ZdsClient(
            config.control().zdsSocket(),
            new PodRoster(pods),
            new ZdsWatch(
                output.scope("inpod"),
                readiness,
                snapshot,
                pods,
                config.lifecycle().agentGrace(),
                owner),
            System::nanoTime,
            random);
    agent = client;
    client.start();
    if (config.self().isWorkload()) {
      var _ = Thread.ofPlatform().daemon().name("self").start(this::openSelf);
    }
  }

  /// What the start has left behind would stay in the heap, and what it alone has read of libraries
  /// and of the archive would stay mapped, for hours.
  private void settle() {
    System.gc();
    try {
      log.debug("settled", "file_bytes_given_back", FilePages.giveBack());
    } catch (IOException e) {
      log.info("pages of files stay mapped", "error", e.getMessage());
    }
  }

  /// The process as a workload of the mesh: its metrics can be read over mutual TLS.
  private void openSelf() {
    ZtunnelConfig.Self me = config.self();
    var pod =
        new LocalPod(
            "self",
            String.valueOf(me.podName()),
            String.valueOf(me.podNamespace()),
            String.valueOf(me.serviceAccount()));
    try {
      PodProxy opened = PodProxy.open(pod, null, node, PodProxy.Setup.SELF);
      synchronized (this) {
        if (ending.getCount() > 0) {
          self = opened;
          return;
        }
      }
      opened.stop();
    } catch (IOException e) {
      log.warn("the process cannot be reached as a workload of the mesh", "error", e);
    }
  }

  /// Begins the end. Any thread, any number of times.
  void shutDown(String why) {
    if (ending.getCount() > 0) {
      log.info("shutting down", "reason", why);
      ending.countDown();
    }
  }

  /// Waits until the end has begun, then lets connections finish within the deadline.
  void awaitEnd() throws InterruptedException {
    ending.await();
    ZdsClient zds;
    PodProxy own;
    synchronized (this) {
      zds = agent;
      own = self;
    }
    List<PodProxy> itself = own == null ? List.of() : List.of(own);
    var drain =
        new Drain(
            () -> Stream.concat(pods.all().stream(), itself.stream()).toList(),
            config.lifecycle().drainDeadline(),
            System::nanoTime);
    // The agent's word counts until the last pod has been handed over.
    drain.handOver(config.lifecycle().successorWait());
    if (zds != null) {
      zds.close();
    }
    log.info("drained", "complete", drain.finish());
    drain.cut();
    DeltaClient client = discovery;
    if (client != null) {
      client.close();
    }
    operator.close();
    node.certificates().close();
  }

  Metrics metrics() {
    return metrics;
  }

  Readiness readiness() {
    return readiness;
  }

  RelayMeter meter() {
    return meter;
  }

  RefusalRing refusals() {
    return refusals;
  }

  LogOutput output() {
    return output;
  }

  ZtunnelConfig config() {
    return config;
  }

  MeshBoard board() {
    return board;
  }

  NodeParts node() {
    return node;
  }

  Certificates certificates() {
    return node.certificates();
  }

  PodProxies pods() {
    return pods;
  }
}
