package adit.cli.local.supervise;

import adit.cli.local.plan.LocalWaypoint;
import adit.cli.local.plan.Placement;
import adit.cli.local.plan.PodFacts;
import adit.cli.local.plan.Rollout;
import adit.cli.local.run.CniPlugin;
import adit.cli.local.run.PodNetwork;
import adit.cli.local.run.PodUnit;
import adit.cli.local.run.Supervised;
import adit.linux.topology.FabricNode;
import adit.source.object.Deployment;
import adit.source.object.Pod;
import adit.telemetry.Log;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The pods of an instance, kept as its Deployments say. All methods are called on the supervisor's
/// loop.
final class Workloads {
  private static final int SUFFIX = 5;

  private final Options options;
  private final Log log;
  private final WaypointTokens tokens;
  private final Supervised.Machine machine;
  private final Executor blocking;
  private final Runnable changed;
  private final Map<String, Home> homes = new TreeMap<>();
  private final Map<String, PodUnit> pods = new LinkedHashMap<>();
  private final Set<String> refused = new HashSet<>();
  private final RandomGenerator random = RandomGenerator.getDefault();

  private record Home(FabricNode node, PodNetwork networks) {}

  Workloads(
      Options options,
      Collection<FabricNode> nodes,
      @Nullable Path plugin,
      WaypointTokens tokens,
      Supervised.Machine machine,
      Executor blocking,
      Runnable changed)
      throws IOException {
    this.options = options;
    this.tokens = tokens;
    this.machine = machine;
    this.blocking = blocking;
    this.changed = changed;
    this.log = machine.log();
    for (FabricNode node : nodes) {
      Path directory = options.instance().node(node.name()).resolve("cni");
      homes.put(
          node.name(),
          new Home(
              node,
              new PodNetwork(
                  node, plugin == null ? null : new CniPlugin(plugin, directory, machine.log()))));
    }
  }

  /// One step towards what the Deployments say.
  void reconcile(Collection<Deployment> deployments) {
    for (PodUnit pod : units()) {
      if (pod.gone()) {
        forget(pod.facts());
      }
    }
    Map<String, Deployment> wanted = new TreeMap<>();
    deployments.forEach(d -> wanted.put(path(d), d));
    for (PodFacts pod : facts()) {
      if (!wanted.containsKey(pod.id().namespace() + "/" + pod.owner().deployment())) {
        delete(pod);
      }
    }
    wanted.values().forEach(this::reconcile);
  }

  /// Whether every Deployment has exactly the pods that it wants, and all are ready.
  boolean settled(Collection<Deployment> deployments) {
    List<PodFacts> all = facts();
    long wanted = deployments.stream().mapToLong(Deployment::replicas).sum();
    return all.size() == wanted
        && all.stream().allMatch(pod -> pod.state().ready() && !pod.state().terminating())
        && deployments.stream()
            .allMatch(deployment ->
                own(deployment, all).stream()
                        .filter(p -> p.owner().hash().equals(Rollout.hash(deployment)))
                        .count()
                    == deployment.replicas());
  }

  /// All pods as they are.
  List<PodFacts> facts() {
    return pods.values().stream().filter(pod -> !pod.gone()).map(PodUnit::facts).toList();
  }

  /// All pods.
  Collection<PodUnit> units() {
    return List.copyOf(pods.values());
  }

  /// Tells all processes to end and starts none again; the future ends when they have. The networks
  /// stay: they go with the instance.
  CompletableFuture<Void> stop() {
    return CompletableFuture.allOf(
        pods.values().stream().map(PodUnit::stop).toArray(CompletableFuture[]::new));
  }

  /// Also what the mesh's programs wrote about a pod goes, as it would with the object in an API
  /// server.
  private void forget(PodFacts pod) {
    pods.remove(pod.id().uid());
    String patches = "pod-" + pod.id().namespace() + "-" + pod.id().name() + "-*.patch.yaml";
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(options.instance().status(), patches)) {
      tokens.forget(pod.id());
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("cannot remove the status of a pod", "pod", pod.id().path(), "error", e);
    }
  }

  private void reconcile(Deployment deployment) {
    String hash = Rollout.hash(deployment);
    Rollout.Step step = Rollout.next(deployment.replicas(), hash, own(deployment, facts()));
    for (int i = 0; i < step.create(); i++) {
      create(deployment, hash);
    }
    step.delete().forEach(this::delete);
  }

  private void create(Deployment deployment, String hash) {
    Pod.Spec template = deployment.template();
    if (!template.nodeName().isEmpty() && !homes.containsKey(template.nodeName())) {
      refuse(deployment, "nodeName", template.nodeName(), "one of " + homes.keySet());
      return;
    }
    String node =
        Placement.nodeOrNull(
            deployment.templateLabels(),
            template.nodeSelector(),
            template.nodeName().isEmpty()
                ? List.copyOf(homes.keySet())
                : List.of(template.nodeName()),
            facts());
    Home home = node == null ? null : homes.get(node);
    if (node == null || home == null) {
      refuse(deployment, "nodeSelector", template.nodeSelector(), "a node that is there");
      return;
    }
    if (template.containers().stream().anyMatch(c -> c.command().isEmpty())) {
      refuse(deployment, "containers.command", "absent", "a command, there are no images here");
      return;
    }
    PodUnit.Born born = born(deployment, hash, node);
    Map<String, String> environment = env();
    if (LocalWaypoint.isWaypoint(born.labels())) {
      try {
        environment.putAll(tokens.environment(born));
      } catch (IOException e) {
        log.error("cannot give a waypoint its token", "pod", born.id().path(), "error", e);
        return;
      }
    }
    PodUnit pod =
        new PodUnit(
            born,
            new PodUnit.Place(
                options.instance(), home.node().netns(), home.networks(), environment),
            machine,
            blocking,
            changed);
    pods.put(born.id().uid(), pod);
    log.info("pod created", "pod", born.id().path(), "node", node);
    pod.create();
    changed.run();
  }

  private PodUnit.Born born(Deployment deployment, String hash, String node) {
    Pod.Spec template = deployment.template();
    PodFacts.Owner owner = new PodFacts.Owner(deployment.meta().name(), hash);
    return new PodUnit.Born(
        new PodFacts.Id(
            deployment.meta().namespace(),
            owner.replicaSet() + "-" + suffix(),
            UUID.randomUUID().toString()),
        owner,
        deployment.templateLabels(),
        deployment.templateAnnotations(),
        new Pod.Spec(
            template.serviceAccount(),
            node,
            false,
            Map.of(),
            template.terminationGracePeriodSeconds(),
            template.containers(),
            template.initContainers()),
        Instant.now());
  }

  private void refuse(Deployment deployment, String field, Object value, String expected) {
    String problem =
        path(deployment)
            + ": spec.template.spec."
            + field
            + ": "
            + value
            + " (expected: "
            + expected
            + ")";
    if (refused.add(problem)) {
      log.warn("cannot run a deployment", "problem", problem);
    }
  }

  private void delete(PodFacts facts) {
    PodUnit pod = pods.get(facts.id().uid());
    if (pod != null && !facts.state().terminating()) {
      log.info("pod deleted", "pod", facts.id().path());
      pod.delete(Duration.ofHours(1));
    }
  }

  /// What a container image would bring: the samples' programs on the path, and a JVM.
  private Map<String, String> env() {
    String samples = options.home().resolve("samples").resolve("bin").toString();
    return new HashMap<>(
        Map.of(
            "PATH",
            samples + ":" + System.getenv().getOrDefault("PATH", "/usr/bin:/bin"),
            "JAVA_HOME",
            System.getProperty("java.home"),
            "HOME",
            "/root"));
  }

  private String suffix() {
    StringBuilder suffix = new StringBuilder();
    for (int i = 0; i < SUFFIX; i++) {
      suffix.append(Rollout.letter(random.nextInt()));
    }
    return suffix.toString();
  }

  private static List<PodFacts> own(Deployment deployment, List<PodFacts> all) {
    return all.stream()
        .filter(pod -> pod.id().namespace().equals(deployment.meta().namespace()))
        .filter(pod -> pod.owner().deployment().equals(deployment.meta().name()))
        .toList();
  }

  private static String path(Deployment deployment) {
    return deployment.meta().namespace() + "/" + deployment.meta().name();
  }
}
