package adit.cni.agent.app;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.fake.FakePlugin;
import adit.cni.agent.fake.FakeProxy;
import adit.cni.agent.fake.Wait;
import adit.cni.agent.rules.PodRules;
import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.Command;
import adit.linux.Netns;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The agent as a process that is killed while a pod is added, and its successor. Needs root.
final class AgentKilledTest {
  /// When it is killed.
  enum Step {
    /// The proxy has the announcement and has not answered.
    ANNOUNCED,
    /// The rules are there.
    CAPTURED
  }

  @TempDir Path directory;

  private Fabric fabric;
  private FabricNode node;
  private FabricPod first;
  private @Nullable Process agent;
  private String hint = "";

  @BeforeEach
  void build() throws IOException {
    fabric = Fabric.create("cni-killed-test", AddressPlan.standard());
    node = fabric.addNode("n1");
    first = node.addPod("web1");
  }

  @AfterEach
  void end() throws Exception {
    kill();
    fabric.close();
  }

  @ParameterizedTest
  @EnumSource
  void agent_killedWhileAPodIsAdded_successorEnrolsTheNextSandbox(Step step) throws Exception {
    start();
    try (FakeProxy proxy =
        FakeProxy.connect(
            directory.resolve("ztunnel.sock"),
            request -> {
              if (step == Step.ANNOUNCED && request.hasAdd()) {
                kill();
              }
              return "";
            })) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      CompletableFuture<@Nullable AgentReply> answer =
          CompletableFuture.supplyAsync(() -> add("c1", first));
      if (step == Step.CAPTURED) {
        Wait.until("rules", () -> isCaptured(first));
        kill();
      }
      var _ = answer.get(20, TimeUnit.SECONDS);
    }
    Wait.until("its end", () -> !requireNonNull(agent).isAlive());
    assertThat(isCaptured(first)).isEqualTo(step == Step.CAPTURED);

    // The runtime takes the sandbox away and makes another.
    node.removePod(first);
    FabricPod second = node.addPod("web2");
    start();
    try (FakeProxy proxy = FakeProxy.connect(directory.resolve("ztunnel.sock"))) {
      assertThat(proxy.next()).as("nothing of the former sandbox").isEqualTo("snapshot");

      assertThat(add("c2", second)).isEqualTo(AgentReply.done("enrolled"));

      assertThat(proxy.next()).isEqualTo("add uid-web");
      assertThat(isCaptured(second)).isTrue();
      Path events = directory.resolve("status/events.jsonl");
      Wait.until(
          "event", () -> Files.exists(events) && Files.readString(events).contains("MeshEnrolled"));
    }
  }

  /// The plugin has asked, and there is no proxy yet to announce the pod to.
  @Test
  void agent_killedWhileAPodWaitsForAProxy_successorEnrolsThePod() throws Exception {
    start();
    CompletableFuture<@Nullable AgentReply> answer =
        CompletableFuture.supplyAsync(() -> add("c1", first));
    Wait.until("request", () -> hasClient(directory.resolve(AgentRequest.SOCKET)));
    kill();
    assertThat(answer.get(20, TimeUnit.SECONDS)).isNull();
    Wait.until("its end", () -> !requireNonNull(agent).isAlive());
    assertThat(isCaptured(first)).isFalse();

    start();
    try (FakeProxy proxy = FakeProxy.connect(directory.resolve("ztunnel.sock"))) {
      assertThat(proxy.next()).isEqualTo("snapshot");

      assertThat(add("c1", first)).isEqualTo(AgentReply.done("enrolled"));

      assertThat(isCaptured(first)).isTrue();
    }
  }

  /// The pod runs: it is captured, and nobody will ask for it again.
  @Test
  void agent_killedRightAfterItsAnswer_successorTakesThePodOver() throws Exception {
    hint = "adit.dev/netns: " + first.netns().path();
    start();
    try (FakeProxy proxy = FakeProxy.connect(directory.resolve("ztunnel.sock"))) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      assertThat(add("c1", first)).isEqualTo(AgentReply.done("enrolled"));
      kill();
      Wait.until("its end", () -> !requireNonNull(agent).isAlive());
      assertThat(isCaptured(first)).isTrue();
    }

    start();
    try (FakeProxy proxy = FakeProxy.connect(directory.resolve("ztunnel.sock"))) {
      assertThat(proxy.next()).isEqualTo("add uid-web");
      assertThat(proxy.next()).isEqualTo("snapshot");
      Path status = directory.resolve("status");
      Wait.until(
          "annotation",
          () -> {
            try (var files = Files.walk(status)) {
              return files
                  .filter(file -> file.toString().endsWith(".patch.yaml"))
                  .anyMatch(AgentKilledTest::saysEnabled);
            }
          });
    }
  }

  private static boolean saysEnabled(Path file) {
    try {
      return Files.readString(file).contains("enabled");
    } catch (IOException e) {
      // It is being replaced.
      return false;
    }
  }

  /// Whether somebody of this network namespace is connected to the socket.
  private static boolean hasClient(Path socket) throws IOException {
    return Files.readAllLines(Path.of("/proc/net/unix")).stream()
        .anyMatch(line -> line.endsWith(" " + socket));
  }

  private void start() throws Exception {
    Path cluster = Files.createDirectories(directory.resolve("cluster"));
    Files.createDirectories(directory.resolve("status"));
    Files.writeString(
        cluster.resolve("objects.yaml"),
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop, uid: uid-web, annotations: {%s}}
        spec: {nodeName: n1, containers: [{name: app}]}
        """
            .formatted(hint));
    Files.deleteIfExists(directory.resolve(AgentRequest.SOCKET));
    ProcessBuilder builder =
        new ProcessBuilder(
            "nsenter",
            "--net=" + node.netns().path(),
            "--",
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            CniAgent.class.getName());
    builder
        .environment()
        .putAll(
            java.util.Map.of(
                "NODE_NAME",
                "n1",
                "CNI_AGENT_RUN_DIR",
                directory.toString(),
                "ZTUNNEL_UDS_ADDRESS",
                directory.resolve("ztunnel.sock").toString(),
                "ADIT_HOST_ROOT",
                "/",
                "ADIT_SOURCE_DIR",
                cluster.toString(),
                "ADIT_STATUS_DIR",
                directory.resolve("status").toString(),
                "ADIT_HEALTH_PORT",
                "0",
                "MONITORING_PORT",
                "0"));
    Process started =
        builder
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("agent.log").toFile()))
            .start();
    agent = started;
    Wait.until(
        "agent: " + directory.resolve("agent.log"),
        () -> {
          assertThat(started.isAlive())
              .as(Files.readString(directory.resolve("agent.log")))
              .isTrue();
          return Files.exists(directory.resolve(AgentRequest.SOCKET));
        });
  }

  private void kill() {
    Process running = agent;
    if (running != null) {
      // nsenter has become the agent.
      var _ = running.destroyForcibly();
    }
  }

  /// Null when the agent ends without an answer.
  private @Nullable AgentReply add(String containerId, FabricPod pod) {
    AgentRequest request =
        new AgentRequest(
            Command.ADD,
            containerId,
            pod.netns().path().toString(),
            "eth0",
            "shop",
            "web",
            "uid-web",
            List.of(pod.addresses().ip4().getHostAddress() + "/24"));
    try {
      return FakePlugin.ask(directory, request);
    } catch (IOException e) {
      // It was killed meanwhile.
      return null;
    }
  }

  private static boolean isCaptured(FabricPod pod) throws IOException {
    try (Netns netns = pod.netns().open()) {
      return PodRules.isCaptured(netns);
    }
  }
}
