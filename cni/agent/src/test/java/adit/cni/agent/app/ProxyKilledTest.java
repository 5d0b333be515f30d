package adit.cni.agent.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.FakePlugin;
import adit.cni.agent.fake.FakeProxy;
import adit.cni.agent.fake.FakeSource;
import adit.cni.agent.fake.FakeStatus;
import adit.cni.agent.fake.Wait;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.Command;
import adit.linux.Netns;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import adit.protos.zds.WorkloadRequest;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The proxy ends at each step of a pod's way into the mesh: the pod waits or stays captured, and
/// the next proxy serves it. Needs root.
final class ProxyKilledTest {
  @TempDir Path directory;

  private final FakeSource source = new FakeSource();
  private final FakeStatus status = new FakeStatus();
  private Fabric fabric;
  private FabricPod web;
  private Agent agent;

  @BeforeEach
  void build() throws Exception {
    fabric = Fabric.create("cni-proxy-test", AddressPlan.standard());
    FabricNode node = fabric.addNode("n1");
    web = node.addPod("web");
    source
        .put(FakeSource.namespace("shop", Map.of("istio.io/dataplane-mode", "ambient")))
        .put(
            FakeSource.pod(
                FakeSource.meta("shop", "web", "uid-web", Map.of(), Map.of()),
                "n1",
                "Pending",
                List.of()));
    agent =
        new Agent(
            config(node),
            source,
            new Reports(Log.silent(), new Metrics(), status),
            new ZdsServer.Limits(Duration.ofSeconds(5), Duration.ofMillis(1)));
    assertThat(agent.start(new CountDownLatch(1))).isTrue();
  }

  @AfterEach
  void end() throws IOException {
    agent.close();
    fabric.close();
  }

  @Test
  void proxy_killedBeforeItHasTheSnapshot_podWaits() throws Exception {
    try (FakeProxy dead = dyingAt(WorkloadRequest::hasSnapshotSent)) {
      assertThat(dead.next()).startsWith("end: ");
    }
    assertNextServes();
  }

  @Test
  void proxy_killedBeforeItAnswersAnAdd_podWaits() throws Exception {
    try (FakeProxy dead = dyingAt(WorkloadRequest::hasAdd)) {
      assertThat(dead.next()).isEqualTo("snapshot");
      assertThat(add().code()).isNotZero();
      assertThat(dead.next()).startsWith("end: ");
    }
    assertThat(isCaptured()).isFalse();
    assertNextServes();
  }

  /// The pod runs: it must not lose its way into the mesh, and gets its listeners back.
  @Test
  void proxy_killedRightAfterItsAnswer_podStaysCapturedAndTheNextServesIt() throws Exception {
    try (FakeProxy first = FakeProxy.connect(socket())) {
      assertThat(first.next()).isEqualTo("snapshot");
      assertThat(add()).isEqualTo(AgentReply.done("enrolled"));
    }
    assertThat(isCaptured()).isTrue();

    try (FakeProxy next = FakeProxy.connect(socket())) {
      assertThat(next.next()).isEqualTo("add uid-web");
      assertThat(next.next()).isEqualTo("snapshot");
      assertThat(isCaptured()).isTrue();
    }
  }

  /// What it has not acknowledged is no reason to believe that the pod is gone from it.
  @Test
  void proxy_killedBeforeItAnswersARemoval_nextIsNotToldOfThePod() throws Exception {
    try (FakeProxy dead = dyingAt(WorkloadRequest::hasDel)) {
      assertThat(dead.next()).isEqualTo("snapshot");
      assertThat(add()).isEqualTo(AgentReply.done("enrolled"));
      assertThat(dead.next()).isEqualTo("add uid-web");
      source.put(FakeSource.namespace("shop", Map.of()));
      assertThat(dead.next()).startsWith("end: ");
    }
    Wait.until("not captured", () -> !isCaptured());

    try (FakeProxy next = FakeProxy.connect(socket())) {
      assertThat(next.next()).isEqualTo("snapshot");
    }
  }

  private void assertNextServes() throws Exception {
    try (FakeProxy next = FakeProxy.connect(socket())) {
      assertThat(next.next()).isEqualTo("snapshot");
      assertThat(add()).isEqualTo(AgentReply.done("enrolled"));
      assertThat(next.next()).isEqualTo("add uid-web");
      assertThat(isCaptured()).isTrue();
    }
  }

  private FakeProxy dyingAt(Predicate<WorkloadRequest> step) throws IOException {
    AtomicReference<@Nullable FakeProxy> self = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    FakeProxy proxy =
        FakeProxy.connect(
            socket(),
            request -> {
              if (step.test(request)) {
                end(known, self);
              }
              return "";
            });
    self.set(proxy);
    known.countDown();
    return proxy;
  }

  private static void end(CountDownLatch known, AtomicReference<@Nullable FakeProxy> self) {
    try {
      known.await();
      FakeProxy proxy = self.get();
      if (proxy != null) {
        proxy.close();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private AgentReply add() throws IOException {
    AgentRequest request =
        new AgentRequest(
            Command.ADD,
            "c1",
            web.netns().path().toString(),
            "eth0",
            "shop",
            "web",
            "uid-web",
            List.of(web.addresses().ip4().getHostAddress() + "/24"));
    return FakePlugin.ask(directory, request);
  }

  private boolean isCaptured() throws IOException {
    try (Netns netns = web.netns().open()) {
      return PodRules.isCaptured(netns);
    }
  }

  private Path socket() {
    return directory.resolve("ztunnel.sock");
  }

  private AgentConfig config(FabricNode node) {
    return AgentConfig.of(
            Map.of(
                "NODE_NAME", "n1",
                "CNI_AGENT_RUN_DIR", directory.toString(),
                "ZTUNNEL_UDS_ADDRESS", socket().toString(),
                "ADIT_HOST_ROOT", "/",
                "ADIT_LEAVE_DRAIN", "100ms",
                "ADIT_ZTUNNEL_WAIT", "200ms",
                "ADIT_CNI_INSTALL", "false"))
        .withHostNetwork(node.netns().path());
  }
}
