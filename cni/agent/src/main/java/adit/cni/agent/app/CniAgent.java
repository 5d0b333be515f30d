package adit.cni.agent.app;

import adit.cni.agent.install.InstallConfig;
import adit.cni.agent.install.NodeInstallation;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.zds.ZdsServer;
import adit.linux.EpollIo;
import adit.source.ClusterSource;
import adit.source.Selection;
import adit.source.SourceEnvironment;
import adit.source.StatusWriter;
import adit.telemetry.AdminHttp;
import adit.telemetry.AdminResponse;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import adit.telemetry.Metrics;
import adit.telemetry.Readiness;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The node agent: enrols the pods of a node in the mesh and proves that they are captured.
///
/// Takes what Istio's `install-cni` takes from the environment (see [AgentConfig]) and no
/// arguments; ends on SIGTERM. Exit codes: 0 ended by a signal, 1 could not start.
public final class CniAgent {
  /// An uninstall takes a moment; the kubelet waits for 30 seconds.
  private static final int END_SECONDS = 27;

  private static final Duration DRAIN = Duration.ofSeconds(1);
  private static final Path LINKS = Path.of("/proc/self/net/dev"); // a line for each after two

  private CniAgent() {}

  /// Runs until SIGTERM.
  ///
  /// @param arguments `install` and others of the reference are accepted and mean nothing. Ours:
  ///   `train` is the run from which the AOT archive is made
  public static void main(String[] arguments) {
    int status;
    try (LogOutput output = LogOutput.start(System.getenv())) {
      boolean train = arguments.length == 1 && arguments[0].equals("train");
      status = train ? train(output) : run(System.getenv(), output);
    }
    // Threads of libraries must not keep a process that has nothing left to do.
    Runtime.getRuntime().halt(status);
  }

  /// The whole way from the start to the end, over a cluster with a few objects. It writes the
  /// rules for probes, so it must have a network of its own.
  private static int train(LogOutput output) {
    Log log = output.scope("cni");
    try {
      boolean alone = Files.readAllLines(LINKS).stream().skip(2).allMatch(CniAgent::isLoopback);
      if (!alone) {
        log.error("train: this network has links (expected: one of its own, as of `unshare -n`)");
        return 1;
      }
      TrainingCluster cluster = TrainingCluster.write();
      try {
        CountDownLatch atOnce = new CountDownLatch(0);
        serve(AgentConfig.of(cluster.environment()), cluster.environment(), output, atOnce);
        return 0;
      } finally {
        cluster.delete();
      }
    } catch (IOException e) {
      log.error("training failed", "error", e);
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private static boolean isLoopback(String line) {
    return line.strip().startsWith("lo:");
  }

  private static int run(Map<String, String> environment, LogOutput output) {
    Log log = output.scope("cni");
    CountDownLatch signal = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().unstarted(() -> endBySignal(signal, ended)));
    try {
      serve(AgentConfig.of(environment), environment, output, signal);
      return 0;
    } catch (IllegalArgumentException | IOException e) {
      log.error("cannot run", "error", String.valueOf(e.getMessage()));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } finally {
      output.flush(Duration.ofSeconds(1));
      ended.countDown();
    }
  }

  /// The process ends when the hooks have ended, so the hook waits for the orderly end.
  private static void endBySignal(CountDownLatch signal, CountDownLatch ended) {
    signal.countDown();
    try {
      if (!ended.await(END_SECONDS, TimeUnit.SECONDS)) {
        // It waits for something that does not come, an API server for example.
        Runtime.getRuntime().halt(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void serve(
      AgentConfig config, Map<String, String> environment, LogOutput output, CountDownLatch signal)
      throws IOException, InterruptedException {
    Log log = output.scope("cni");
    Metrics metrics = new Metrics();
    metrics.addProcessDescriptors();
    SourceEnvironment sources =
        new SourceEnvironment(environment, Clock.systemUTC(), sentence -> log.warn(sentence));
    Readiness readiness = new Readiness();
    Readiness.Task pending = readiness.pending("cluster objects and sockets");
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
    Executor routes =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("http").factory());
    AdminHttp health =
        new AdminHttp(routes)
            .route("/readyz", readiness.route())
            .route("/healthz", request -> AdminResponse.text(200, "ok\n"));
    AdminHttp monitoring =
        new AdminHttp(routes)
            .route("/metrics", metrics.route())
            .route("/logging", output.levels().route());
    bind(health, group, config.ports().health());
    bind(monitoring, group, config.ports().metrics());
    try (StatusWriter status = sources.statusWriter("cni-" + config.node())) {
      Reports reports = new Reports(log, metrics, status);
      // The plugin comes first: pods of the mesh then wait for the agent.
      NodeInstallation installation = installationOrNull(config, reports, readiness);
      try {
        serve(config, sources, reports, installation, pending, signal);
      } finally {
        close(installation);
      }
    } finally {
      health.drain(DRAIN).awaitUninterruptibly(DRAIN.toMillis());
      monitoring.drain(DRAIN).awaitUninterruptibly(DRAIN.toMillis());
      var _ = group.shutdownGracefully();
    }
  }

  private static void serve(
      AgentConfig config,
      SourceEnvironment sources,
      Reports reports,
      @Nullable NodeInstallation installation,
      Readiness.Task pending,
      CountDownLatch signal)
      throws IOException, InterruptedException {
    try (ClusterPlace place = placeOrNull(config, sources, reports);
        ClusterSource source = sources.source(Selection.ofNode(config.node()));
        Agent agent = new Agent(config, source, reports, ZdsServer.Limits.DEFAULT)) {
      if (place != null) {
        source.subscribe(place::look);
      }
      if (agent.start(signal)) {
        pending.done();
        reports
            .log()
            .info(
                "ready",
                "node",
                config.node(),
                "zds",
                config.zdsSocket(),
                "run directory",
                config.runDirectory());
        if (place != null) {
          begin(config, agent, place);
        }
        signal.await();
      }
      if (place == null) {
        reports.log().info("ending: rules and annotations stay, pods keep being captured");
      } else {
        place.depart(agent, installation);
      }
    }
  }

  private static void begin(AgentConfig config, Agent agent, ClusterPlace place) {
    place.begin();
    if (!config.deployment().startupTaint().isEmpty()) {
      agent.whileProxied(place.startupTaint()::takeOff);
    }
  }

  private static @Nullable NodeInstallation installationOrNull(
      AgentConfig config, Reports reports, Readiness readiness) {
    InstallConfig install = config.install();
    if (install == null) {
      return null;
    }
    NodeInstallation installation =
        new NodeInstallation(install, new InstallEvents(reports, readiness), System::nanoTime);
    installation.start();
    return installation;
  }

  private static void close(@Nullable NodeInstallation installation) {
    if (installation != null) {
      installation.close();
    }
  }

  /// Objects of a directory have no DaemonSet.
  private static @Nullable ClusterPlace placeOrNull(
      AgentConfig config, SourceEnvironment sources, Reports reports) {
    return sources.env().getOrDefault("ADIT_SOURCE_DIR", "").isEmpty()
        ? new ClusterPlace(config, reports.log())
        : null;
  }

  private static void bind(AdminHttp http, EventLoopGroup group, int port) throws IOException {
    var bound =
        http.bind(group, EpollServerSocketChannel::new, new InetSocketAddress(port))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("port " + port + ": " + bound.cause().getMessage());
    }
  }
}
