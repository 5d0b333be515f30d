package adit.cli.local.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.cli.local.run.Instance;
import adit.cli.local.run.Leftovers;
import adit.linux.topology.Command;
import adit.linux.topology.Fabric;
import adit.linux.topology.NamedNetns;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.Container;
import adit.source.object.Deployment;
import adit.source.object.KubeObject;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.telemetry.Log;
import adit.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The supervisor with real processes in real namespaces, without the mesh's programs. Needs root.
final class SupervisorTest {
  private static final Duration SOON = Duration.ofSeconds(15);

  private final Instance instance = new Instance("suptest");
  private final Objects objects = new Objects();
  private Supervisor supervisor;

  @TempDir private Path directory;

  @BeforeEach
  void start() throws Exception {
    Held.end(instance);
    objects.set(deployment(1));
    supervisor =
        Supervisor.start(
            new Options(
                instance, directory, 2, directory.resolve("ca"), directory, false, List.of()),
            objects,
            Log.silent());
    settled(1);
  }

  @AfterEach
  void end() throws Exception {
    supervisor.close();
  }

  @Test
  void up_deployment_runsItsProcessInThePodsNamespace() throws Exception {
    StatusReport.PodStatus pod = report().pods().getFirst();
    NamedNetns netns = new NamedNetns(Path.of(pod.netns()).getFileName().toString());
    // The process enters its namespace on the way to its program.
    Eventually.holds(SOON, () -> netns.processes().containsAll(pod.pids()));
    assertThat(Files.readString(instance.hosts().resolve("shop." + pod.name())))
        .contains("10.96.0.10 web.shop ");
    assertThat(Files.readString(instance.cluster().resolve("pod-shop." + pod.name() + ".yaml")))
        .contains("podIP: " + pod.addresses().getFirst());
  }

  @Test
  void kill_process_isStartedAgain() throws Exception {
    StatusReport.PodStatus pod = report().pods().getFirst();
    ProcessHandle.of(pod.pids().getFirst()).orElseThrow().destroyForcibly();
    Eventually.holds(SOON, () -> report().pods().getFirst().restarts() == 1 && report().settled());
    assertThat(report().pods().getFirst().uid()).isEqualTo(pod.uid());
  }

  @Test
  void replicas_changed_podsComeAndGo() throws Exception {
    objects.set(deployment(3));
    settled(3);
    assertThat(report().pods())
        .extracting(StatusReport.PodStatus::node)
        .contains("node-a", "node-b");
    objects.set(deployment(0));
    settled(0);
    assertThat(Fabric.leftovers(instance.prefix()))
        .extracting(NamedNetns::name)
        .containsExactlyInAnyOrder("adit-suptest", "adit-suptest.node-a", "adit-suptest.node-b");
  }

  @Test
  void nodeName_namesTheNode() throws Exception {
    objects.set(deployment(0));
    settled(0);
    objects.set(deployment(2, "node-b"));
    settled(2);
    assertThat(report().pods()).extracting(StatusReport.PodStatus::node).containsOnly("node-b");
  }

  @Test
  void serviceWithoutReadyPods_refusesAtOnce() throws Exception {
    objects.set(deployment(0));
    settled(0);
    String rules =
        Command.of("nft", "list", "table", "inet", "adit_services")
            .in(new NamedNetns("adit-suptest.node-a"))
            .output();
    assertThat(rules).contains("10.96.0.10 tcp dport 80 reject");
  }

  @Test
  void close_leavesNothing() throws Exception {
    List<Long> pids = report().pods().getFirst().pids();
    supervisor.close();
    assertThat(Fabric.leftovers(instance.prefix())).isEmpty();
    assertThat(instance.root()).doesNotExist();
    assertThat(pids).noneMatch(pid -> ProcessHandle.of(pid).isPresent());
  }

  @Test
  void held_instance_isNotTakenTwice() throws Exception {
    Instance other = new Instance("heldtest");
    try (Held held = Held.take(other)) {
      assertThat(held).isNotNull();
      assertThatThrownBy(() -> Held.take(other)).hasMessageContaining("heldtest");
    } finally {
      Leftovers.remove(other);
    }
  }

  private StatusReport report() throws java.io.IOException {
    return StatusReport.read(instance.statusFile());
  }

  private void settled(int pods) throws Exception {
    Eventually.holds(
        SOON,
        () ->
            Files.exists(instance.statusFile())
                && report().settled()
                && report().pods().size() == pods);
  }

  private static ObjectMeta meta(String namespace, String name) {
    return new ObjectMeta(
        namespace, name, "", 0, Map.of(), Map.of(), Instant.EPOCH, null, "", List.of());
  }

  private static Deployment deployment(int replicas) {
    return deployment(replicas, "");
  }

  private static Deployment deployment(int replicas, String node) {
    Container container =
        new Container(
            "web",
            "",
            List.of("sleep", "1000"),
            List.of(),
            "",
            List.of(),
            List.of(new Container.Port("http", 8080, "TCP")),
            Container.Probes.NONE,
            false);
    return new Deployment(
        meta("shop", "web"),
        replicas,
        Map.of("app", "web"),
        Map.of("app", "web"),
        Map.of(),
        new Pod.Spec("default", node, false, Map.of(), 1, List.of(container), List.of()));
  }

  /// What the user has written.
  private static final class Objects implements ClusterSource {
    private ClusterView view = ClusterView.EMPTY;
    private Consumer<ClusterView> subscriber = ignored -> {};

    synchronized void set(Deployment deployment) {
      Service service =
          new Service(
              meta("shop", "web"),
              "ClusterIP",
              List.of(),
              false,
              List.of(new Service.Port("http", "TCP", 80, new PortRef.Numbered(8080), "")),
              Map.of("app", "web"),
              List.of(),
              new Service.Traffic("", "", false));
      List<KubeObject> all = List.of(new Namespace(meta("", "shop")), service, deployment);
      view = ClusterView.of(view.version() + 1, all);
      subscriber.accept(view);
    }

    @Override
    public synchronized ClusterView current() {
      return view;
    }

    @Override
    public boolean complete() {
      return true;
    }

    @Override
    public synchronized void subscribe(Consumer<ClusterView> added) {
      subscriber = added;
      added.accept(view);
    }

    @Override
    public void close() {}
  }
}
