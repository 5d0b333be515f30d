package adit.cli.local.run;

import adit.cli.local.plan.PodFacts;
import adit.linux.topology.FabricPod;
import adit.linux.topology.NamedNetns;
import adit.source.object.Container;
import adit.source.object.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One pod from its creation to its end, as a kubelet takes care of it. All methods are called on
/// the supervisor's loop; what blocks runs on `blocking`.
public final class PodUnit {
  private static final Duration NETWORK_RETRY = Duration.ofMillis(500);
  private static final Duration CONTAINER_BACKOFF = Duration.ofSeconds(1);

  private final Born born;
  private final Place place;
  private final Supervised.Machine machine;
  private final Executor blocking;
  private final Runnable changed;
  private final List<Supervised> containers = new ArrayList<>();
  private @Nullable FabricPod network;
  private @Nullable Instant deletion;
  private boolean making;
  private boolean gone;

  /// What a pod is from its birth.
  ///
  /// @param id what it is called
  /// @param owner what it was made from
  /// @param labels its labels
  /// @param annotations its annotations
  /// @param spec what it runs, with its node's name
  /// @param creation when it was made
  public record Born(
      PodFacts.Id id,
      PodFacts.Owner owner,
      Map<String, String> labels,
      Map<String, String> annotations,
      Pod.Spec spec,
      Instant creation) {
    /// Copies the maps.
    public Born {
      labels = Map.copyOf(labels);
      annotations = Map.copyOf(annotations);
    }
  }

  /// Where a pod lives.
  ///
  /// @param instance its instance
  /// @param node network namespace of its node
  /// @param networks makes its network
  /// @param env what every container's environment has
  public record Place(
      Instance instance, NamedNetns node, PodNetwork networks, Map<String, String> env) {
    /// Copies the map.
    public Place {
      env = Map.copyOf(env);
    }
  }

  /// Not there yet.
  ///
  /// @param blocking for work that waits for the system
  /// @param changed called on the loop after every change of [#facts]
  public PodUnit(
      Born born, Place place, Supervised.Machine machine, Executor blocking, Runnable changed) {
    this.born = born;
    this.place = place;
    this.machine = machine;
    this.blocking = blocking;
    this.changed = changed;
  }

  /// Makes the network, then starts the containers; tries again until it works or the pod is
  /// deleted.
  public void create() {
    if (deletion != null) {
      finished();
      return;
    }
    making = true;
    var _ =
        CompletableFuture.supplyAsync(this::makeNetwork, blocking)
            .whenCompleteAsync(this::networkMade, machine.loop());
  }

  /// Tells the pod to go; ends its containers within the pod's grace period or the shorter
  /// `longest`.
  public void delete(Duration longest) {
    if (deletion != null) {
      return;
    }
    Duration own = Duration.ofSeconds(born.spec().terminationGracePeriodSeconds());
    Duration grace = own.compareTo(longest) < 0 ? own : longest;
    deletion = Instant.now();
    changed.run();
    if (making) {
      return;
    }
    CompletableFuture<?>[] ends =
        containers.stream()
            .map(container -> container.stop(grace))
            .toArray(CompletableFuture[]::new);
    var _ = CompletableFuture.allOf(ends).thenRunAsync(this::removeNetwork, machine.loop());
  }

  /// Ends its processes for good; the future ends when they have.
  public CompletableFuture<Void> stop() {
    deletion = Instant.now();
    return CompletableFuture.allOf(
        containers.stream()
            .map(container -> container.stop(Duration.ofSeconds(1)))
            .toArray(CompletableFuture[]::new));
  }

  /// Whether nothing of it is left.
  public boolean gone() {
    return gone;
  }

  /// How it is now.
  public PodFacts facts() {
    Map<String, String> annotations = new HashMap<>(born.annotations());
    List<InetAddress> addresses = List.of();
    FabricPod made = network;
    if (made != null) {
      annotations.put("adit.dev/netns", made.netns().path().toString());
      addresses = List.of(made.addresses().ip4(), made.addresses().ip6());
    }
    boolean running = !containers.isEmpty();
    boolean ready = running && containers.stream().allMatch(Supervised::ready);
    int restarts = containers.stream().mapToInt(Supervised::restarts).sum();
    return new PodFacts(
        born.id(),
        born.owner(),
        born.labels(),
        annotations,
        born.spec(),
        addresses,
        new PodFacts.State(
            running ? "Running" : "Pending", ready, restarts, born.creation(), deletion));
  }

  /// Process ids of its containers that run.
  public List<Long> pids() {
    return containers.stream().map(Supervised::pid).filter(pid -> pid > 0).toList();
  }

  /// Its hosts file.
  public Path hosts() {
    return place.instance().hosts().resolve(born.id().dotted());
  }

  private FabricPod makeNetwork() {
    try {
      return place.networks().add(born.id());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void networkMade(@Nullable FabricPod made, @Nullable Throwable failure) {
    making = false;
    network = made;
    if (made == null) {
      machine
          .log()
          .warn("pod has no network yet", "pod", born.id().path(), "error", cause(failure));
      var _ =
          machine.loop().schedule(this::create, NETWORK_RETRY.toMillis(), TimeUnit.MILLISECONDS);
    } else if (deletion != null) {
      removeNetwork();
    } else {
      // Whoever is told of the change writes the hosts file on the same loop, so before this.
      changed.run();
      machine.loop().execute(() -> startContainers(made));
    }
  }

  private void startContainers(FabricPod made) {
    if (deletion != null) {
      return;
    }
    for (Container container : born.spec().containers()) {
      List<String> command = new ArrayList<>(container.command());
      command.addAll(container.args());
      Launch launch =
          new Launch(
              made.netns(),
              command,
              environment(container),
              Path.of(container.workingDir().isEmpty() ? "/" : container.workingDir()),
              hosts());
      Supervised supervised =
          new Supervised(
              new Supervised.Plan(
                  born.id().path() + ":" + container.name(),
                  launch,
                  place.instance().log(born.id().dotted()),
                  container.probes(),
                  new ProbePlace(place.node(), made.addresses().ip4(), container.ports()),
                  CONTAINER_BACKOFF),
              machine,
              changed);
      containers.add(supervised);
      supervised.start();
    }
  }

  private Map<String, String> environment(Container container) {
    Map<String, String> env = new HashMap<>(place.env());
    env.put("HOSTNAME", born.id().name());
    for (Container.Env entry : container.env()) {
      env.put(entry.name(), entry.fieldPath().isEmpty() ? entry.value() : field(entry.fieldPath()));
    }
    return env;
  }

  private String field(String path) {
    PodFacts facts = facts();
    return switch (path) {
      case "metadata.name" -> facts.id().name();
      case "metadata.namespace" -> facts.id().namespace();
      case "metadata.uid" -> facts.id().uid();
      case "spec.nodeName" -> facts.spec().nodeName();
      case "spec.serviceAccountName" -> facts.spec().serviceAccount();
      case "status.podIP" ->
          facts.addresses().isEmpty() ? "" : facts.addresses().getFirst().getHostAddress();
      default -> "";
    };
  }

  private void removeNetwork() {
    FabricPod made = network;
    if (made == null) {
      finished();
      return;
    }
    var _ =
        CompletableFuture.runAsync(
                () -> {
                  try {
                    place.networks().remove(made, born.id());
                    Files.deleteIfExists(hosts());
                  } catch (IOException e) {
                    machine.log().error("cannot remove", "pod", born.id().path(), "error", e);
                  }
                },
                blocking)
            .thenRunAsync(this::finished, machine.loop());
  }

  private void finished() {
    gone = true;
    changed.run();
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure == null || failure.getCause() == null ? failure : failure.getCause();
  }
}
