package adit.cli.local.supervise;

import adit.cli.local.plan.AddressBook;
import adit.cli.local.plan.ClusterFiles;
import adit.cli.local.plan.HostsFile;
import adit.cli.local.plan.LocalWaypoint;
import adit.cli.local.plan.PodFacts;
import adit.cli.local.plan.Routes;
import adit.cli.local.run.Instance;
import adit.cli.local.run.Launcher;
import adit.cli.local.run.Leftovers;
import adit.cli.local.run.PodUnit;
import adit.cli.local.run.Prober;
import adit.cli.local.run.StateFiles;
import adit.cli.local.run.Supervised;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.Deployment;
import adit.source.object.Namespace;
import adit.source.object.Problem;
import adit.source.object.Service;
import adit.telemetry.Log;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/// Runs an instance: reads the user's directory, keeps pods and programs as it says, writes down
/// what a cluster's kubelet and controllers would.
///
/// One thread, the loop, owns all state; everything that happens (a file changed, a process ended,
/// a probe answered) is a task on it. After each change the state is compared with what is wanted
/// and written down, as a whole.
public final class Supervisor implements AutoCloseable {
  private static final Duration LONGEST_STOP = Duration.ofSeconds(3);
  private static final long TOKENS_HOURS = 12;
  private static final long LARGEST_LOG = 64L << 20;

  private final Options options;
  private final Log log;
  private final ScheduledExecutorService loop;
  private final ExecutorService blocking;
  private final Prober prober = new Prober();
  private final Fabric fabric;
  private final NodeRoutes routes;
  private final Programs programs;
  private final Workloads workloads;
  private final ClusterSource source;
  private final StateFiles files;
  private final Map<Path, String> hosts = new HashMap<>();
  private final Set<Problem> told = new HashSet<>();
  private ClusterView view = ClusterView.EMPTY;
  private AddressBook addresses = AddressBook.empty(AddressBook.Ranges.standard());
  private String status = "";
  // Until everything is made: programs that have started already may tell of a change before.
  private boolean dirty = true;
  private boolean stopping;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Supervisor(Options options, ClusterSource source, Log log) throws IOException {
    this.options = options;
    this.source = source;
    this.log = log;
    Instance instance = options.instance();
    for (Path directory : List.of(instance.status(), instance.logs(), instance.hosts())) {
      Files.createDirectories(directory);
    }
    Files.createDirectories(options.caDirectory());
    loop = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name("loop").factory());
    // Platform threads: sysctls are set inside network namespaces.
    blocking =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("blocking-", 0).factory());
    files = new StateFiles(instance.cluster());
    fabric = Fabric.create(instance.prefix(), AddressPlan.standard());
    for (int i = 0; i < options.nodes(); i++) {
      fabric.addNode("node-" + (char) ('a' + i));
    }
    Supervised.Machine machine = new Supervised.Machine(new Launcher(instance), prober, loop, log);
    routes = new NodeRoutes(fabric.nodes(), log);
    programs = Programs.start(options, fabric, machine, this::changed);
    workloads =
        new Workloads(
            options,
            fabric.nodes(),
            options.mesh() ? PluginFile.install(options.home()) : null,
            programs.waypointTokens(),
            machine,
            blocking,
            this::changed);
  }

  /// Starts an instance. What a killed supervisor of the same instance has left must be gone.
  ///
  /// @param source the user's objects; closed with the supervisor
  public static Supervisor start(Options options, ClusterSource source, Log log)
      throws IOException {
    Supervisor supervisor;
    try {
      supervisor = new Supervisor(options, source, log);
    } catch (IOException | RuntimeException e) {
      Leftovers.remove(options.instance());
      throw e;
    }
    supervisor.loop.execute(supervisor::reconcile);
    supervisor.source.subscribe(
        view -> supervisor.loop.execute(() -> supervisor.viewChanged(view)));
    var _ =
        supervisor.loop.scheduleAtFixedRate(
            supervisor::refreshTokens, TOKENS_HOURS, TOKENS_HOURS, TimeUnit.HOURS);
    var _ = supervisor.loop.scheduleAtFixedRate(supervisor::boundLogs, 10, 10, TimeUnit.SECONDS);
    return supervisor;
  }

  /// Ends everything and removes it.
  @Override
  public void close() throws IOException {
    if (closed.getAndSet(true)) {
      return;
    }
    source.close();
    try {
      CompletableFuture.runAsync(() -> stopping = true, loop)
          .thenComposeAsync(
              ignored -> CompletableFuture.allOf(workloads.stop(), programs.stop()), loop)
          .get(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.info("not everything ended by itself in time; the rest is killed");
    }
    prober.close();
    loop.shutdownNow();
    blocking.shutdownNow();
    routes.close();
    Leftovers.remove(options.instance());
  }

  private void viewChanged(ClusterView next) {
    view = next;
    for (Problem problem : next.problems()) {
      if (told.add(problem)) {
        log.warn(problem.toString());
      }
    }
    told.retainAll(next.problems());
    changed();
  }

  private void changed() {
    if (!dirty) {
      dirty = true;
      loop.execute(this::reconcile);
    }
  }

  private void reconcile() {
    dirty = false;
    if (stopping) {
      return;
    }
    try {
      List<LocalWaypoint> waypoints = waypoints();
      Collection<Service> written = view.services().values();
      List<Service> services = new ArrayList<>(written);
      waypoints.forEach(waypoint -> services.add(waypoint.service()));
      addresses = addresses.with(services);
      workloads.reconcile(deployments());
      List<PodFacts> pods = workloads.facts();
      List<PodFacts> all = new ArrayList<>(programs.pods());
      all.addAll(pods);
      files.become(
          ClusterFiles.of(
              new ClusterFiles.UserObjects(namespaces(), written, waypoints),
              addresses,
              nodes(),
              all));
      writeHosts(services, pods);
      routes.become(Routes.of(services, addresses, pods).nft());
      writeStatus();
    } catch (IOException | RuntimeException e) {
      // One bad change must not end the loop that repairs it.
      log.error("cannot write the cluster's state down", "error", e);
    }
  }

  private List<LocalWaypoint> waypoints() {
    return options.mesh()
        ? LocalWaypoint.of(view.gateways().values(), ProgramPlans.waypoint(options))
        : List.of();
  }

  private List<Deployment> deployments() {
    List<Deployment> all = new ArrayList<>(view.deployments().values());
    waypoints().forEach(waypoint -> all.add(waypoint.deployment()));
    return all;
  }

  private List<String> namespaces() {
    return view.namespaces().values().stream().map((Namespace ns) -> ns.meta().name()).toList();
  }

  private List<ClusterFiles.NodeFacts> nodes() {
    List<ClusterFiles.NodeFacts> nodes = new ArrayList<>();
    for (FabricNode node : fabric.nodes()) {
      nodes.add(
          new ClusterFiles.NodeFacts(
              node.name(),
              List.of(node.addresses().ip4(), node.addresses().ip6()),
              List.of(node.podRange4().toString(), node.podRange6().toString())));
    }
    return nodes;
  }

  private void writeHosts(Collection<Service> services, List<PodFacts> pods) throws IOException {
    Map<Path, String> wanted = new HashMap<>();
    for (PodFacts pod : pods) {
      if (!pod.addresses().isEmpty()) {
        wanted.put(
            options.instance().hosts().resolve(pod.id().dotted()),
            HostsFile.of(pod, services, addresses, pods));
      }
    }
    for (Map.Entry<Path, String> file : wanted.entrySet()) {
      if (!file.getValue().equals(hosts.get(file.getKey()))) {
        StateFiles.overwrite(file.getKey(), file.getValue());
      }
    }
    hosts.clear();
    hosts.putAll(wanted);
  }

  private void writeStatus() throws IOException {
    boolean settled =
        source.complete()
            && view != ClusterView.EMPTY
            && programs.ready()
            && workloads.settled(deployments());
    StatusReport report =
        new StatusReport(
            ProcessHandle.current().pid(),
            options.directory().toString(),
            settled,
            fabric.nodes().stream().map(FabricNode::name).toList(),
            programs.status(),
            workloads.units().stream().map(Supervisor::status).toList(),
            view.problems().stream().map(Problem::toString).toList());
    String json = report.json();
    if (!json.equals(status)) {
      StateFiles.replace(options.instance().statusFile(), json);
      status = json;
    }
  }

  private static StatusReport.PodStatus status(PodUnit pod) {
    PodFacts facts = pod.facts();
    return new StatusReport.PodStatus(
        facts.id().namespace(),
        facts.id().name(),
        facts.id().uid(),
        facts.labels().getOrDefault("app", ""),
        facts.spec().nodeName(),
        facts.addresses().stream().map(address -> address.getHostAddress()).toList(),
        facts.state().terminating() ? "Terminating" : facts.state().phase(),
        facts.state().ready(),
        facts.state().restarts(),
        facts.annotations().getOrDefault("adit.dev/netns", ""),
        pod.pids());
  }

  private void refreshTokens() {
    try {
      programs.issueTokens();
    } catch (IOException e) {
      log.error("cannot renew the tokens", "error", e);
    }
  }

  /// A process that writes without end must not fill the machine's memory file system.
  private void boundLogs() {
    try (var entries = Files.newDirectoryStream(options.instance().logs())) {
      for (Path file : entries) {
        bound(file);
      }
      bound(options.instance().status().resolve("events.jsonl"));
    } catch (IOException e) {
      log.warn("cannot look at the logs", "error", e);
    }
  }

  private static void bound(Path file) throws IOException {
    if (Files.exists(file) && Files.size(file) > LARGEST_LOG) {
      StateFiles.overwrite(file, "");
    }
  }
}
