package adit.cni.agent.enroll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.cni.agent.fake.FakeStatus;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.probe.ProbedPods;
import adit.cni.agent.prove.CaptureProof;
import adit.cni.agent.prove.ForeignListeners;
import adit.cni.agent.prove.NetnsFinder;
import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.rules.ProbeRules;
import adit.cni.agent.rules.ProbeSource;
import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.AgentReply;
import adit.linux.Netns;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the enroller and its watch do about single pods, on a real namespace. Needs root.
final class EnrollerTest {
  private static final Path ROOT = Path.of("/");

  private static Fabric fabric;
  private static FabricNode node;
  private static FabricPod network;

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
  private final FakeStatus status = new FakeStatus();
  private final Reports reports = new Reports(Log.silent(), new Metrics(), status);
  private final PodRules rules = new PodRules(ProbeSource.DEFAULT);
  private final ZdsServer zds =
      new ZdsServer(new ZdsServer.Limits(Duration.ofSeconds(1), Duration.ofMillis(1)));
  private final Watch watch =
      new Watch(zds, rules, new CaptureProof(rules), reports, Duration.ofSeconds(30));
  private Netns host;
  private Enroller enroller;

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create("cni-enroller-test", AddressPlan.standard());
    node = fabric.addNode("n1");
    network = node.addPod("web");
  }

  @AfterAll
  static void remove() throws IOException {
    fabric.close();
  }

  @BeforeEach
  void open() throws IOException {
    host = node.netns().open();
    Journey journey =
        new Journey(
            zds,
            rules,
            new ProbedPods(new ProbeRules(host, ProbeSource.DEFAULT, 0)),
            new NetnsFinder(ROOT, host.id(), System::nanoTime),
            reports,
            new ForeignListeners(ROOT));
    PodTasks tasks =
        new PodTasks(threads, mistake -> reports.log().error("task", "error", mistake));
    enroller =
        new Enroller(journey, watch, reports, tasks, threads, System::nanoTime, Timing.DEFAULT);
  }

  @AfterEach
  void end() {
    threads.shutdownNow();
    zds.close();
    host.close();
  }

  @Test
  void offer_podThatLeftTheMeshMeanwhile_isNotEnrolledAndNotRemembered() throws Exception {
    AgentReply reply =
        enroller.offer("uid-gone", offer(network.netns().path().toString())).get(10, SECONDS);

    assertThat(reply.code()).isZero();
    assertThat(reply.message()).contains("not in the mesh");
    assertThat(enroller.prove("uid-gone").get(10, SECONDS).code()).isNotZero();
    assertThat(enroller.known()).isEmpty();
  }

  /// The runtime's word is not trusted either: a path that is none is a mistake that is answered.
  @Test
  void offer_pathThatIsNone_isAnsweredAtOnceAndTheNextOneCounts() throws Exception {
    enroller.follow(Wishes.NONE, wishes(wish(PodOptions.DEFAULT)));

    assertThat(enroller.offer("uid-web", offer("/run/netns/\0")).get(10, SECONDS).code())
        .isNotZero();
    assertThat(
            enroller
                .offer("uid-web", offer(network.netns().path().toString()))
                .get(10, SECONDS)
                .message())
        .contains("ztunnel");
  }

  /// Options that could not be written when they changed are written by the next check.
  @Test
  void check_optionsThatWereNotWritten_areWritten() throws Exception {
    PodOptions bypassed =
        new PodOptions(
            PodOptions.Inbound.BYPASSED,
            List.of(),
            PodOptions.DEFAULT.families(),
            PodOptions.DEFAULT.exclusions());
    try (Netns netns = network.netns().open()) {
      rules.write(netns, PodOptions.DEFAULT);
      MeshPod pod = new MeshPod("uid-web");
      pod.stage = new Stage.Captured(netns, PodOptions.DEFAULT);
      pod.captured = true;
      pod.wish = wish(bypassed);

      assertThat(watch.check(pod)).isEqualTo(Watch.Finding.SOUND);

      assertThat(rules.differences(netns, bypassed)).isEmpty();
      assertThat(status.has("CaptureMismatch")).as("nobody did anything wrong").isFalse();
      rules.delete(netns);
    }
  }

  /// The pod's successor agent would find it shown as not captured, and so would whoever looks.
  @Test
  void check_thatTheEndOfTheAgentCutsOff_saysNothingAboutThePod() throws Exception {
    try (Netns netns = network.netns().open()) {
      rules.write(netns, PodOptions.DEFAULT);
      MeshPod pod = new MeshPod("uid-web");
      pod.stage = new Stage.Captured(netns, PodOptions.DEFAULT);
      pod.captured = true;
      pod.wish = wish(PodOptions.DEFAULT);
      Thread.currentThread().interrupt();

      assertThatThrownBy(() -> watch.check(pod)).isInstanceOf(InterruptedException.class);

      assertThat(Thread.interrupted()).isTrue();
      assertThat(status.has("CaptureMismatch")).isFalse();
      assertThat(pod.shown).isEmpty();
      assertThat(pod.broken).isFalse();
      rules.delete(netns);
    }
  }

  private static final TimeUnit SECONDS = TimeUnit.SECONDS;

  private static MeshPod.Offer offer(String path) {
    return new MeshPod.Offer(path, "c1", List.of(network.addresses().ip4()));
  }

  private static Wish wish(PodOptions options) {
    return new Wish(
        ObjectKey.of(Kind.POD, "shop", "web"),
        "uid-web",
        "web",
        options,
        List.of(),
        "",
        "",
        List.of());
  }

  private static Wishes wishes(Wish wish) {
    return new Wishes(
        Map.of(wish.uid(), wish),
        Map.of(),
        new adit.cni.plugin.MeshState(Set.of("shop"), Set.of(), Set.of(), Set.of()));
  }
}
