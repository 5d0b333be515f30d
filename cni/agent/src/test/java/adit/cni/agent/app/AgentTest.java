package adit.cni.agent.app;

import static adit.cni.agent.fake.FakeSource.meta;
import static adit.cni.agent.fake.FakeSource.namespace;
import static adit.cni.agent.fake.FakeSource.pod;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.cni.agent.fake.Answering;
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
import adit.cni.plugin.MeshState;
import adit.linux.Netns;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The agent with a scripted proxy, on real namespaces. Needs root.
final class AgentTest {
  private static final Map<String, String> AMBIENT = Map.of("istio.io/dataplane-mode", "ambient");
  private static Fabric fabric;
  private static FabricNode node;

  @TempDir Path directory;

  private final FakeSource source = new FakeSource();
  private final FakeStatus status = new FakeStatus();
  private final Metrics metrics = new Metrics();
  private final FabricPod network = addPod();
  private String proxyAdmin = "";
  private String drain = "100ms";
  private @Nullable Path runDirectory;
  private AutoCloseable agent = () -> {};
  private @Nullable Agent current;

  @BeforeAll
  static void build() throws IOException {
    fabric = Fabric.create("cni-agent-test", AddressPlan.standard());
    node = fabric.addNode("n1");
  }

  @AfterAll
  static void remove() throws IOException {
    fabric.close();
  }

  @AfterEach
  void end() throws Exception {
    agent.close();
    node.removePod(network);
  }

  @Test
  void add_podOfAmbientNamespace_isCapturedBeforeTheAnswer() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");

      AgentReply reply = plugin(Command.ADD);

      assertThat(reply).isEqualTo(AgentReply.done("enrolled"));
      assertThat(proxy.next()).isEqualTo("add uid-web");
      assertThat(isCaptured()).isTrue();
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      assertThat(status.has("MeshEnrolled")).isTrue();
      assertThat(plugin(Command.CHECK).code()).isZero();
    }
  }

  @Test
  void add_podOutsideTheMesh_isLeftAlone() throws Exception {
    source.put(namespace("shop", Map.of())).put(web(Map.of(), Map.of(), List.of()));
    start();

    AgentReply reply = plugin(Command.ADD);

    assertThat(reply.code()).isZero();
    assertThat(reply.message()).contains("not in the mesh");
    assertThat(isCaptured()).isFalse();
  }

  @Test
  void add_noProxy_isRefusedWithTheReason() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();

    AgentReply reply = plugin(Command.ADD);

    assertThat(reply.code()).isEqualTo(11);
    assertThat(reply.message()).contains("no ztunnel has connected to the node agent yet");
    assertThat(isCaptured()).isFalse();
  }

  @Test
  void add_proxyRefuses_isRefusedAndWithdrawn() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    try (FakeProxy proxy =
        FakeProxy.connect(zdsSocket(), request -> request.hasAdd() ? "port in use" : "")) {
      assertThat(proxy.next()).isEqualTo("snapshot");

      AgentReply reply = plugin(Command.ADD);

      assertThat(reply.message()).contains("port in use");
      assertThat(proxy.next()).isEqualTo("add uid-web");
      assertThat(proxy.next()).isEqualTo("del uid-web");
      assertThat(isCaptured()).isFalse();
      assertThat(status.has("EnrolFailed")).isTrue();
    }
  }

  @Test
  void add_podNotSeenYetInAmbientNamespace_isRefused() throws Exception {
    source.put(namespace("shop", AMBIENT));
    start();

    assertThat(plugin(Command.ADD).code()).isEqualTo(11);
  }

  @Test
  void add_namespaceOfTheNode_isRefused() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    try (var _ = proxy()) {
      AgentReply reply = plugin(Command.ADD, node.netns().path().toString());

      assertThat(reply.message()).contains("it is the node's");
    }
  }

  @Test
  void add_namespaceOfAnotherPod_isRefused() throws Exception {
    FabricPod other = addPod();
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    try (var _ = proxy()) {
      AgentReply reply = plugin(Command.ADD, other.netns().path().toString());

      assertThat(reply.message()).contains("none of the pod's addresses");
    } finally {
      node.removePod(other);
    }
  }

  @Test
  void add_applicationOnAPortOfTheProxy_isNamedAndLeftAlone() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    String listen =
        "import socket,sys;s=socket.socket();s.bind(('127.0.0.1',15008));s.listen();print('up',flush=True);sys.stdin.read()";
    Process application =
        new ProcessBuilder(
                "nsenter", "--net=" + network.netns().path(), "--", "python3", "-c", listen)
            .start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      assertThat(application.inputReader().readLine()).isEqualTo("up");

      AgentReply reply = plugin(Command.ADD);

      assertThat(reply.message())
          .contains("port 15008 is in use in the pod by python3 (process " + application.pid());
      assertThat(proxy.heard).doesNotContain("add uid-web");
      assertThat(isCaptured()).isFalse();
      assertThat(status.has("EnrolFailed")).isTrue();
    } finally {
      application.destroy();
    }
  }

  @Test
  void start_podThatOnlySaysThatItIsCaptured_isShownAsPending() throws Exception {
    Map<String, String> annotations = Map.of("ambient.istio.io/redirection", "enabled");
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), annotations, List.of()));

    start();

    Wait.until("truth", () -> "pending".equals(status.redirections.get("web")));
  }

  @Test
  void podThatCannotBeCaptured_isToldOnce() throws Exception {
    Pod plain = web(Map.of(), Map.of(), List.of());
    Pod host =
        new Pod(
            plain.meta(),
            new Pod.Spec("sa", "n1", true, Map.of(), 30, List.of(), List.of()),
            plain.status());
    source.put(namespace("shop", AMBIENT)).put(host);
    start();
    source.put(namespace("more", Map.of()));

    assertThat(status.events)
        .containsExactly(
            "NotCapturable: Not in the mesh: it is in the network of its node, which cannot be captured");
  }

  @Test
  void leave_takesEverythingOffTheNode() throws Exception {
    Pod running =
        web(Map.of(), Map.of("adit.dev/netns", network.netns().path().toString()), addresses());
    source.put(namespace("shop", AMBIENT)).put(running);
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      assertThat(isCaptured()).isTrue();

      requireNonNull(current).leave(Duration.ofSeconds(20));

      assertThat(isCaptured()).isFalse();
      assertThat(inPod("ip rule list")).doesNotContain("fwmark");
      assertThat(hostRules()).doesNotContain("adit");
      assertThat(status.redirections.get("web")).isEqualTo("none");
      agent.close();
      agent = () -> {};
      try (var files = Files.list(directory)) {
        assertThat(files).isEmpty();
      }
    }
  }

  @Test
  void leave_connectionsThroughTheProxyKeepTheirRoutesForAWhile() throws Exception {
    drain = "2s";
    Pod running =
        web(Map.of(), Map.of("adit.dev/netns", network.netns().path().toString()), addresses());
    source.put(namespace("shop", AMBIENT)).put(running);
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      Agent leaving = requireNonNull(current);
      CompletableFuture<Void> left =
          CompletableFuture.runAsync(() -> {
            try {
              leaving.leave(Duration.ofSeconds(20));
            } catch (IOException | InterruptedException e) {
              throw new CompletionException(e);
            }
          });

      Wait.until("annotation gone", () -> "none".equals(status.redirections.get("web")));

      assertThat(left).isNotDone();
      assertThat(inPod("ip rule list")).contains("fwmark");
      left.get(20, TimeUnit.SECONDS);
      assertThat(inPod("ip rule list")).doesNotContain("fwmark");
    }
  }

  @Test
  void start_stoppedBeforeTheClusterIsRead_ends() throws Exception {
    CountDownLatch stop = new CountDownLatch(1);
    stop.countDown();
    ClusterSource silent = FakeSource.silent();
    try (Agent waiting = new Agent(config(), silent, reports(), ZdsServer.Limits.DEFAULT)) {
      assertThat(waiting.start(stop)).isFalse();
    }
  }

  @Test
  void label_flipped_runningPodJoinsAndLeaves() throws Exception {
    Pod running =
        web(Map.of(), Map.of("adit.dev/netns", network.netns().path().toString()), addresses());
    source.put(namespace("shop", Map.of())).put(running);
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");

      source.put(namespace("shop", AMBIENT));

      assertThat(proxy.next()).isEqualTo("add uid-web");
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      assertThat(isCaptured()).isTrue();
      assertThat(hostRules()).contains(network.addresses().ip4().getHostAddress(), "uid-web");

      source.put(namespace("shop", Map.of()));

      assertThat(proxy.next()).isEqualTo("del uid-web");
      Wait.until("annotation", () -> "none".equals(status.redirections.get("web")));
      assertThat(isCaptured()).isFalse();
      // Last of all, when the proxy has answered.
      Wait.until("no rule for its probes", () -> !hostRules().contains("uid-web"));
    }
  }

  @Test
  void probes_whileARunningPodJoins_neverMeetTheProxy() throws Exception {
    Pod running =
        web(Map.of(), Map.of("adit.dev/netns", network.netns().path().toString()), addresses());
    source.put(namespace("shop", Map.of())).put(running);
    start();
    Set<String> answers = ConcurrentHashMap.newKeySet();
    AtomicBoolean ended = new AtomicBoolean();
    try (FakeProxy proxy = proxy();
        Netns inPod = network.netns().open();
        Netns inNode = node.netns().open();
        Answering app = Answering.listen(inPod, 8080, "app")) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      InetSocketAddress target = new InetSocketAddress(network.addresses().ip4(), 8080);
      CompletableFuture<Void> prober =
          CompletableFuture.runAsync(() -> {
            while (!ended.get()) {
              answers.add(probe(inNode, target));
            }
          });
      assertThat(app.sources.take()).as("not captured yet").isNotEmpty();

      source.put(namespace("shop", AMBIENT));

      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      assertThat(isCaptured()).isTrue();
      ended.set(true);
      var _ = prober.get(20, TimeUnit.SECONDS);
      assertThat(answers).containsExactly("app");
    }
  }

  private static String probe(Netns from, InetSocketAddress target) {
    try (SocketChannel channel = from.<SocketChannel, IOException>call(SocketChannel::open)) {
      channel.connect(target);
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void label_flippedTwiceBeforeThePodHasLeft_itIsCapturedAgain() throws Exception {
    drain = "1h";
    Pod running =
        web(Map.of(), Map.of("adit.dev/netns", network.netns().path().toString()), addresses());
    source.put(namespace("shop", AMBIENT)).put(running);
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      assertThat(proxy.next()).isEqualTo("add uid-web");
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));

      source.put(namespace("shop", Map.of()));

      Wait.until("annotation", () -> "none".equals(status.redirections.get("web")));
      assertThat(rules())
          .as("what is open keeps its way")
          .contains("ct mark")
          .doesNotContain("15006");
      assertThat(proxy.heard).isEmpty();

      source.put(namespace("shop", AMBIENT));

      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      assertThat(rules()).contains("15001", "15006");
    }
  }

  @Test
  void del_sandboxOfCapturedPod_isWithdrawn() throws Exception {
    source.put(namespace("shop", AMBIENT)).put(web(Map.of(), Map.of(), List.of()));
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("snapshot");
      assertThat(plugin(Command.ADD).code()).isZero();
      assertThat(proxy.next()).isEqualTo("add uid-web");

      assertThat(plugin(Command.DEL).code()).isZero();

      assertThat(proxy.next()).isEqualTo("del uid-web");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nft flush table inet adit",
        "nft delete table inet adit",
        "nft delete chain inet adit mark-output",
        "nft insert rule inet adit prerouting accept",
        "ip rule del pref 32764",
        "ip -6 route flush table 100",
      })
  void check_rulesChangedByHand_areRepairedWithAnEvent(String change) throws Exception {
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      String before = rules();

      inPod(change);

      Wait.until("event", () -> status.has("CaptureMismatch"));
      Wait.until("repair", () -> status.has("CaptureRepaired"));
      assertThat(rules()).isEqualTo(before);
      assertThat(metricsText()).contains("adit_capture_mismatch_total{kind=\"rules\"} 1");
      assertThat(status.redirections).containsEntry("web", "enabled");
    }
  }

  @Test
  void check_listenersGone_areAskedForAgain() throws Exception {
    captureWeb();
    try (FakeProxy proxy = proxy()) {
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));

      proxy.stopListening("uid-web");

      Wait.until("event", () -> status.has("CaptureMismatch"));
      Wait.until("repair", () -> status.has("CaptureRepaired"));
      assertThat(metricsText()).contains("adit_capture_mismatch_total{kind=\"listeners\"} 1");
    }
  }

  @Test
  void check_proxyWithoutCertificate_isReportedAndStaysEnabled() throws Exception {
    AtomicReference<String> dump = new AtomicReference<>("{\"certificates\":[]}");
    HttpServer admin =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    admin.createContext(
        "/config_dump",
        exchange -> {
          byte[] body = dump.get().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    admin.start();
    proxyAdmin = "127.0.0.1:" + admin.getAddress().getPort();
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("event", () -> status.has("CaptureMismatch"));
      assertThat(metricsText()).contains("adit_capture_mismatch_total{kind=\"identity\"} 1");
      assertThat(status.redirections).containsEntry("web", "enabled");

      dump.set(
          "{\"certificates\":[{\"identity\":\"spiffe://cluster.local/ns/shop/sa/sa-web\",\"state\":\"Available\"}]}");

      Wait.until("repair", () -> status.has("CaptureRepaired"));
    } finally {
      admin.stop(0);
    }
  }

  @Test
  void pluginSocket_garbage_isAnsweredAndHarmless() throws Exception {
    source.put(namespace("shop", AMBIENT));
    start();

    assertThat(FakePlugin.ask(directory, "garbage").code()).isEqualTo(6);
    assertThat(FakePlugin.ask(directory, "{\"command\":\"VERSION\"}").code()).isEqualTo(6);
    assertThat(FakePlugin.ask(directory, "{\"command\":\"GC\"}").code()).isZero();
    assertThat(plugin(Command.DEL).code()).isZero();
  }

  @Test
  void check_proxyAway_annotationBecomesPendingAfterTheGraceAndBack() throws Exception {
    captureWeb();
    FakeProxy first = proxy();
    Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));

    first.close();

    Wait.until("pending", () -> "pending".equals(status.redirections.get("web")));
    assertThat(isCaptured()).as("stays captured, so nothing leaks in plaintext").isTrue();
    try (var _ = proxy()) {
      Wait.until("enabled again", () -> "enabled".equals(status.redirections.get("web")));
    }
  }

  @Test
  void check_hostRulesDeleted_areRepaired() throws Exception {
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));

      inNode("nft delete table inet adit-probes");

      Wait.until("repair", () -> hostRules().contains("uid-web"));
      Wait.until(
          "metric", () -> metricsText().contains("adit_capture_mismatch_total{kind=\"probes\"} 1"));
    }
  }

  @Test
  void start_afterAnAgentThatCaptured_takesOverWithoutTouchingTheRules() throws Exception {
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      agent.close();
      assertThat(isCaptured()).isTrue();
    }
    start();
    try (FakeProxy proxy = proxy()) {
      assertThat(proxy.next()).isEqualTo("add uid-web");
      assertThat(proxy.next()).isEqualTo("snapshot");
      assertThat(status.has("CaptureMismatch")).isFalse();
      assertThat(hostRules()).contains("uid-web");
    }
  }

  @Test
  void start_podThatShouldHaveLeft_isCleaned() throws Exception {
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("annotation", () -> "enabled".equals(status.redirections.get("web")));
      agent.close();
    }
    Map<String, String> annotations =
        Map.of(
            "adit.dev/netns",
            network.netns().path().toString(),
            "ambient.istio.io/redirection",
            "enabled");
    FakeSource changed = new FakeSource();
    changed.put(namespace("shop", Map.of())).put(web(Map.of(), annotations, addresses()));

    start(changed);

    Wait.until("cleaned", () -> !isCaptured());
    Wait.until("annotation", () -> "none".equals(status.redirections.get("web")));
  }

  @Test
  void start_labelGoesWhileTheFormerPodsAreTakenOver_podLeaves() throws Exception {
    captureWeb();
    try (var _ = proxy()) {
      Wait.until("captured", this::isCaptured);
      agent.close();
      start(
          new ClusterSource() {
            @Override
            public ClusterView current() {
              ClusterView first = source.current();
              source.put(namespace("shop", Map.of()));
              return first;
            }

            @Override
            public boolean complete() {
              return source.complete();
            }

            @Override
            public void subscribe(Consumer<ClusterView> subscriber) {
              source.subscribe(subscriber);
            }

            @Override
            public void close() {
              source.close();
            }
          });

      Wait.until("released", () -> !isCaptured());
    }
  }

  /// What the plugin goes by while the agent is away must not stay old because a disk was full for
  /// a moment.
  @Test
  void stateFile_diskWasFull_isWrittenWhenThereIsRoom() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    adit.linux.topology.Command.of(
            "mount", "-t", "tmpfs", "-o", "size=16k", "cni-agent-test", small.toString())
        .output();
    try {
      runDirectory = small;
      start();
      Path filler = small.resolve("filler");
      adit.linux.topology.Command.of("sh", "-c", "cat /dev/zero > " + filler + " 2>/dev/null; true")
          .output();
      source.put(namespace("shop", AMBIENT));
      Path state = small.resolve(MeshState.FILE);
      assertThat(MeshState.read(state).inMesh("shop", "web")).isFalse();

      Files.delete(filler);

      Wait.until("state", () -> MeshState.read(state).inMesh("shop", "web"));
    } finally {
      agent.close();
      adit.linux.topology.Command.of("umount", small.toString()).output();
    }
  }

  @Test
  void stateFile_deleted_isWrittenAgain() throws Exception {
    source.put(namespace("shop", AMBIENT));
    start();
    Path state = directory.resolve(MeshState.FILE);
    Wait.until("state", () -> Files.exists(state));

    Files.delete(state);

    Wait.until("state again", () -> Files.exists(state));
    assertThat(MeshState.read(state).inMesh("shop", "web")).isTrue();
  }

  @Test
  void release_podsStartWithoutTheAgentForGood() throws Exception {
    source.put(namespace("shop", AMBIENT));
    start();
    Path state = directory.resolve(MeshState.FILE);
    Wait.until("state", () -> MeshState.read(state).inMesh("shop", "web"));

    requireNonNull(current).release();
    source.put(namespace("other", AMBIENT));

    assertThat(MeshState.read(state)).isEqualTo(MeshState.unknown());
  }

  @Test
  void start_secondAgentOnTheDirectory_isRefused() throws Exception {
    source.put(namespace("shop", AMBIENT));
    start();

    assertThatThrownBy(() -> start(new FakeSource().put(namespace("shop", AMBIENT))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another agent");
  }

  @Test
  void stateFile_followsTheView() throws Exception {
    source
        .put(namespace("shop", AMBIENT))
        .put(namespace("other", Map.of()))
        .put(web(Map.of("istio.io/dataplane-mode", "none"), Map.of(), List.of()));
    start();

    MeshState state = MeshState.read(directory.resolve(MeshState.FILE));

    assertThat(state.inMesh("shop", "any")).isTrue();
    assertThat(state.inMesh("shop", "web")).isFalse();
    assertThat(state.inMesh("other", "any")).isFalse();
    assertThat(state.inMesh("kube-system", "any")).isFalse();
  }

  private void captureWeb() throws Exception {
    source
        .put(namespace("shop", AMBIENT))
        .put(
            web(
                Map.of(),
                Map.of("adit.dev/netns", network.netns().path().toString()),
                addresses()));
    start();
  }

  private void start() throws Exception {
    start(source);
  }

  private void start(ClusterSource cluster) throws Exception {
    Agent started =
        new Agent(
            config(),
            cluster,
            reports(),
            new ZdsServer.Limits(Duration.ofSeconds(5), Duration.ofMillis(1)));
    agent = started;
    current = started;
    assertThat(started.start(new CountDownLatch(1))).isTrue();
  }

  private Reports reports() {
    return new Reports(Log.silent(), metrics, status);
  }

  private AgentConfig config() {
    AgentConfig config =
        AgentConfig.of(
            Map.of(
                "NODE_NAME", "n1",
                "CNI_AGENT_RUN_DIR", (runDirectory == null ? directory : runDirectory).toString(),
                "ZTUNNEL_UDS_ADDRESS", zdsSocket().toString(),
                "ADIT_HOST_ROOT", "/",
                "ADIT_CAPTURE_CHECK_INTERVAL", "200ms",
                "ADIT_CAPTURE_GRACE", "1s",
                "ADIT_CNI_INSTALL", "false",
                "ADIT_ZTUNNEL_WAIT", "200ms",
                "ADIT_LEAVE_DRAIN", drain,
                "ADIT_ZTUNNEL_ADMIN", proxyAdmin));
    return config.withHostNetwork(node.netns().path());
  }

  private FakeProxy proxy() throws IOException {
    return FakeProxy.connect(zdsSocket());
  }

  private Path zdsSocket() {
    return directory.resolve("ztunnel.sock");
  }

  private AgentReply plugin(Command command) throws IOException {
    return plugin(command, network.netns().path().toString());
  }

  private AgentReply plugin(Command command, String netns) throws IOException {
    AgentRequest request =
        new AgentRequest(
            command,
            "c1",
            netns,
            "eth0",
            "shop",
            "web",
            "uid-web",
            addresses().stream().map(address -> address + "/24").toList());
    return FakePlugin.ask(directory, request);
  }

  private List<String> addresses() {
    return List.of(
        network.addresses().ip4().getHostAddress(), network.addresses().ip6().getHostAddress());
  }

  private static Pod web(
      Map<String, String> labels, Map<String, String> annotations, List<String> addresses) {
    ObjectMeta meta = meta("shop", "web", "uid-web", labels, annotations);
    return pod(meta, "n1", "Running", addresses);
  }

  private boolean isCaptured() throws IOException {
    try (Netns netns = network.netns().open()) {
      return PodRules.isCaptured(netns);
    }
  }

  private String rules() throws IOException {
    return inPod("nft -s list table inet adit")
        + inPod("ip rule list")
        + inPod("ip route list table 100")
        + inPod("ip -6 rule list")
        + inPod("ip -6 route list table 100");
  }

  private static String hostRules() throws IOException {
    return inNode("nft list ruleset");
  }

  private String inPod(String command) throws IOException {
    return adit.linux.topology.Command.of(command.split(" ")).in(network.netns()).output();
  }

  private static String inNode(String command) throws IOException {
    return adit.linux.topology.Command.of(command.split(" ")).in(node.netns()).output();
  }

  private String metricsText() {
    return new String(metrics.text(), StandardCharsets.UTF_8);
  }

  private static FabricPod addPod() {
    try {
      return node.addPod("web" + System.nanoTime());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
