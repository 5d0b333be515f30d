package adit.cli.local.supervise;

import adit.cli.local.plan.ClusterFiles;
import adit.cli.local.plan.PodFacts;
import adit.cli.local.run.StateFiles;
import adit.cli.local.run.Supervised;
import adit.cli.local.trust.TokenIssuer;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricHost;
import adit.linux.topology.FabricNode;
import adit.linux.topology.NamedNetns;
import adit.source.object.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/// The mesh's programs of an instance: the control plane, and per node a ztunnel and a node agent.
/// All methods are called on the supervisor's loop.
final class Programs {
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final List<Entry> entries = new ArrayList<>();
  private final List<Ztunnel> ztunnels = new ArrayList<>();
  private final Instant creation;
  private final Options options;
  private final TokenIssuer issuer;
  private final WaypointTokens waypoints;

  private record Entry(Supervised program, NamedNetns netns) {}

  /// A ztunnel is also a pod: the CA gives certificates to pods' tokens only.
  private record Ztunnel(Supervised program, FabricNode node, PodFacts.Id pod) {}

  private Programs(
      Options options, TokenIssuer issuer, WaypointTokens waypoints, Instant creation) {
    this.options = options;
    this.waypoints = waypoints;
    this.issuer = issuer;
    this.creation = creation;
  }

  /// Starts them all.
  static Programs start(
      Options options, Fabric fabric, Supervised.Machine machine, Runnable changed)
      throws IOException {
    Clock clock = Clock.systemUTC();
    TokenIssuer issuer = TokenIssuer.create(options.instance().pki(), clock);
    if (!options.mesh()) {
      return new Programs(
          options, issuer, new WaypointTokens(options, issuer, Map.of()), clock.instant());
    }
    FabricHost control = fabric.addHost("control");
    ProgramPlans plans = new ProgramPlans(options, control.addresses(), issuer.keySet());
    Programs programs =
        new Programs(
            options, issuer, new WaypointTokens(options, issuer, plans.mesh()), clock.instant());
    programs.add(new Supervised(plans.istiod(control.netns()), machine, changed), control.netns());
    for (FabricNode node : fabric.nodes()) {
      programs.addNode(node, plans, machine, changed);
    }
    programs.issueTokens();
    programs.entries.forEach(entry -> entry.program().start());
    return programs;
  }

  /// Gives every ztunnel and waypoint a fresh token.
  void issueTokens() throws IOException {
    waypoints.renew();
    for (Ztunnel ztunnel : ztunnels) {
      PodFacts.Id pod = ztunnel.pod();
      String token =
          issuer.issue(
              new TokenIssuer.Bound(
                  pod.namespace(), "ztunnel", pod.name(), pod.uid(), ztunnel.node().name()));
      // Without a line end, as a kubelet writes it: a client may send the content as it is.
      StateFiles.replace(ProgramPlans.tokenFile(options.instance(), ztunnel.node().name()), token);
    }
  }

  /// Tokens of the waypoints, which are pods like others.
  WaypointTokens waypointTokens() {
    return waypoints;
  }

  /// Ends them all; the future ends when they have.
  CompletableFuture<Void> stop() {
    return CompletableFuture.allOf(
        entries.stream()
            .map(entry -> entry.program().stop(GRACE))
            .toArray(CompletableFuture[]::new));
  }

  /// Whether all say that they are ready.
  boolean ready() {
    return entries.stream().allMatch(entry -> entry.program().ready());
  }

  /// For the status file.
  List<StatusReport.ProgramStatus> status() {
    return entries.stream()
        .map(entry ->
            new StatusReport.ProgramStatus(
                entry.program().name(),
                entry.program().pid(),
                entry.program().ready(),
                entry.program().restarts(),
                entry.netns().path().toString()))
        .toList();
  }

  /// The ztunnels as pods.
  List<PodFacts> pods() {
    return ztunnels.stream().map(this::pod).toList();
  }

  private void add(Supervised program, NamedNetns netns) {
    entries.add(new Entry(program, netns));
  }

  private void addNode(
      FabricNode node, ProgramPlans plans, Supervised.Machine machine, Runnable changed)
      throws IOException {
    Files.createDirectories(options.instance().node(node.name()).resolve("cni"));
    PodFacts.Id pod =
        new PodFacts.Id(
            ClusterFiles.SYSTEM, "ztunnel-" + node.name(), UUID.randomUUID().toString());
    Supervised ztunnel = new Supervised(plans.ztunnel(node, pod), machine, changed);
    add(ztunnel, node.netns());
    add(new Supervised(plans.agent(node), machine, changed), node.netns());
    ztunnels.add(new Ztunnel(ztunnel, node, pod));
  }

  private PodFacts pod(Ztunnel ztunnel) {
    Pod.Spec spec =
        new Pod.Spec("ztunnel", ztunnel.node().name(), true, Map.of(), 30, List.of(), List.of());
    return new PodFacts(
        ztunnel.pod(),
        new PodFacts.Owner("", ""),
        Map.of("app", "ztunnel", "istio.io/dataplane-mode", "none"),
        Map.of(),
        spec,
        List.of(ztunnel.node().addresses().ip4(), ztunnel.node().addresses().ip6()),
        new PodFacts.State(
            "Running", ztunnel.program().ready(), ztunnel.program().restarts(), creation, null));
  }
}
