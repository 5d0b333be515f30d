package adit.cni.agent.app;

import adit.cni.agent.enroll.Adopted;
import adit.cni.agent.enroll.CurrentWishes;
import adit.cni.agent.enroll.Enroller;
import adit.cni.agent.enroll.Journey;
import adit.cni.agent.enroll.PluginRequests;
import adit.cni.agent.enroll.PluginSocket;
import adit.cni.agent.enroll.PodTasks;
import adit.cni.agent.enroll.StateFile;
import adit.cni.agent.enroll.Watch;
import adit.cni.agent.enroll.Wish;
import adit.cni.agent.enroll.Wishes;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.probe.ProbedPods;
import adit.cni.agent.prove.CaptureProof;
import adit.cni.agent.prove.ForeignListeners;
import adit.cni.agent.prove.Mismatch;
import adit.cni.agent.prove.NetnsFinder;
import adit.cni.agent.prove.ProxyCertificates;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.rules.ProbeRules;
import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.AgentRequest;
import adit.linux.Netns;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.telemetry.Log;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The agent without its process: everything between a source of cluster objects and the sockets of
/// plugin and proxy.
///
/// | thread | does |
/// |---|---|
/// | the source's | turns views into wishes |
/// | `pod-N`, four | work on pods, in the pods' namespaces |
/// | `timer` | ticks, retries, deadlines; never blocks |
/// | `node-check` | looks at what the node's pods have in common; may wait for an API server |
/// | `zds-*` | one accepts, two serve each proxy |
/// | `plugin*` | accept and answer the plugin |
final class Agent implements AutoCloseable {
  private static final int POD_THREADS = 4;
  private static final long STACK = 2 << 20; // bytes; nftables keeps messages there
  private static final long LOOK_UP_MILLIS = 200;

  private final AgentConfig config;
  private final ClusterSource source;
  private final Reports reports;
  private final Log log;
  private final AgentLock lock;
  private final Netns node;
  private final ExecutorService podThreads;
  private final ScheduledExecutorService timer;
  private final ScheduledExecutorService nodeChecks;
  private final ZdsServer zds;
  private final NetnsFinder finder;
  private final ProbedPods probes;
  private final Enroller enroller;
  private final CurrentWishes wishes = new CurrentWishes();
  private final StateFile stateFile;
  private @Nullable PluginSocket plugin;
  private volatile Runnable whileProxied = () -> {};

  /// Takes the lock and prepares; nothing is listened to yet.
  ///
  /// @throws IOException another agent runs, or the node's network cannot be opened
  Agent(AgentConfig config, ClusterSource source, Reports reports, ZdsServer.Limits limits)
      throws IOException {
    this.config = config;
    this.source = source;
    this.reports = reports;
    this.log = reports.log();
    Files.createDirectories(config.runDirectory());
    Path zdsDirectory = config.zdsSocket().toAbsolutePath().getParent();
    if (zdsDirectory != null) {
      Files.createDirectories(zdsDirectory);
    }
    lock = AgentLock.take(config.runDirectory());
    node = Netns.open(config.hostNetwork());
    podThreads =
        Executors.newFixedThreadPool(
            POD_THREADS, Thread.ofPlatform().daemon().stackSize(STACK).name("pod-", 0).factory());
    timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("timer").factory());
    nodeChecks =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().stackSize(STACK).name("node-check").factory());
    zds = new ZdsServer(limits);
    finder = new NetnsFinder(config.hostRoot(), node.id(), System::nanoTime);
    probes = new ProbedPods(new ProbeRules(node, config.probes(), config.kubeletUid()));
    PodRules rules = new PodRules(config.probes(), config.hostRoot());
    Journey journey =
        new Journey(zds, rules, probes, finder, reports, new ForeignListeners(config.hostRoot()));
    Watch watch = new Watch(zds, rules, new CaptureProof(rules), reports, config.timing().grace());
    PodTasks tasks =
        new PodTasks(podThreads, mistake -> log.error("a task failed", "error", mistake));
    enroller =
        new Enroller(journey, watch, reports, tasks, timer, System::nanoTime, config.timing());
    stateFile = new StateFile(config.stateFile());
  }

  /// Reads the cluster, takes over what a former agent left, then listens. Returns when plugin and
  /// proxy can connect.
  ///
  /// @param stop released when the agent should end, for it may wait for an API server
  /// @return whether it has started
  boolean start(CountDownLatch stop) throws IOException, InterruptedException {
    CountDownLatch complete = new CountDownLatch(1);
    source.subscribe(view -> complete.countDown());
    while (!complete.await(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS)) {
      if (stop.getCount() == 0) {
        return false;
      }
    }
    Wishes first = Wishes.of(source.current(), config.node(), config.policy());
    List<Adopted> adopted = Adopted.find(first, finder, log);
    probes.restore(addresses(adopted));
    enroller.adopt(adopted);
    // What follows is compared with what was taken over: a label may go at this very moment.
    enroller.follow(Wishes.NONE, first);
    var _ = wishes.replace(first);
    enroller.clean(
        first.outsiders().values().stream()
            .filter(pod -> !pod.ended() && !pod.pod().redirection().isEmpty())
            .toList());
    log.info("pods taken over", "captured", adopted.size(), "in mesh", first.members().size());
    zds.listen(
        config.zdsSocket(),
        Adopted.announcements(first, adopted),
        new ProxyEvents(enroller, reports));
    source.subscribe(this::follow);
    PluginRequests requests = new PluginRequests(wishes, enroller, zds, config.timing());
    plugin =
        PluginSocket.open(
            config.runDirectory().resolve(AgentRequest.SOCKET),
            requests,
            timer,
            reply -> reports.pluginRequest(reply.code()));
    long pace = config.timing().pace().toMillis();
    var _ = timer.scheduleWithFixedDelay(said(enroller::tick), pace, pace, TimeUnit.MILLISECONDS);
    long check = config.timing().check().toMillis();
    var _ =
        nodeChecks.scheduleWithFixedDelay(
            said(this::checkNode), check, check, TimeUnit.MILLISECONDS);
    return true;
  }

  /// Something to do at every check of the node that finds a proxy connected; may block.
  void whileProxied(Runnable action) {
    whileProxied = action;
  }

  /// What the newest view wants.
  Wishes wishes() {
    return wishes.get();
  }

  /// Pods of the mesh need not wait for this agent any more, should the plugin stay. Before
  /// [#leave].
  void release() throws IOException {
    stateFile.release();
  }

  /// Takes everything of the mesh off the node: the rules of pods and of the node, sockets, files.
  /// To be closed afterwards. Proxies are not told: whoever still reaches them through a tunnel is
  /// served until they end.
  ///
  /// @param limit how long the pods may take altogether
  void leave(Duration limit) throws IOException, InterruptedException {
    source.close();
    PluginSocket listening = plugin;
    if (listening != null) {
      listening.close();
    }
    zds.close();
    try {
      enroller.leaveAll().get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      log.error("rules of some pods are left", "error", e.toString());
    }
    probes.clear();
    if (config.install() == null) {
      // Otherwise it goes with the plugin.
      stateFile.delete();
    }
    Files.deleteIfExists(config.zdsSocket());
    Files.deleteIfExists(config.runDirectory().resolve(AgentRequest.SOCKET));
    AgentLock.delete(config.runDirectory());
  }

  /// Stops listening. Rules stay: pods keep being captured, and the proxy keeps serving them.
  @Override
  public void close() throws IOException {
    source.close();
    PluginSocket listening = plugin;
    if (listening != null) {
      listening.close();
    }
    zds.close();
    timer.shutdownNow();
    nodeChecks.shutdownNow();
    podThreads.shutdownNow();
    try {
      if (!podThreads.awaitTermination(5, TimeUnit.SECONDS)) {
        log.warn("work on pods did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    node.close();
    lock.close();
  }

  private void follow(ClusterView view) {
    Wishes next = Wishes.of(view, config.node(), config.policy());
    writeState(next);
    enroller.follow(wishes.get(), next);
    wishes.replace(next);
  }

  private void writeState(Wishes now) {
    try {
      stateFile.write(now.state());
    } catch (IOException e) {
      log.error("state for the plugin not written", "error", String.valueOf(e.getMessage()));
    }
  }

  /// A schedule ends, without a word, with the first exception.
  private Runnable said(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        log.error("a task failed", "error", e);
      }
    };
  }

  private void checkNode() {
    // If a disk was full when it changed.
    writeState(wishes.get());
    try {
      String difference = probes.repair();
      if (difference != null) {
        reports.mismatch(null, new Mismatch(Mismatch.Kind.PROBES, difference));
        reports.repaired(null, Mismatch.Kind.PROBES);
      }
    } catch (IOException e) {
      reports.mismatch(null, new Mismatch(Mismatch.Kind.PROBES, String.valueOf(e.getMessage())));
    }
    if (zds.connected() == 0) {
      reports.mismatch(null, new Mismatch(Mismatch.Kind.ZTUNNEL, zds.awaySentence()));
      return;
    }
    if (!config.proxyAdmin().isEmpty()) {
      checkIdentities();
    }
    whileProxied.run();
  }

  private void checkIdentities() {
    try {
      enroller.identities(ProxyCertificates.at(config.proxyAdmin()).available());
    } catch (IOException e) {
      log.warn(
          "identities not checked",
          "admin",
          config.proxyAdmin(),
          "error",
          String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, List<InetAddress>> addresses(List<Adopted> adopted) {
    Map<String, List<InetAddress>> addresses = new HashMap<>();
    for (Adopted pod : adopted) {
      Wish wish = pod.wish();
      addresses.put(wish.uid(), wish.addresses());
    }
    return addresses;
  }
}
