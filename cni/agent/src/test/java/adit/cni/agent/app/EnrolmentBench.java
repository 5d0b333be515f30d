package adit.cni.agent.app;

import adit.cni.agent.fake.FakePlugin;
import adit.cni.agent.fake.FakeProxy;
import adit.cni.agent.fake.FakeSource;
import adit.cni.agent.fake.FakeStatus;
import adit.cni.agent.fake.Wait;
import adit.cni.agent.install.InstallPlugin;
import adit.cni.agent.observe.Reports;
import adit.cni.agent.zds.ZdsServer;
import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.Command;
import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.WritesToStandardOutput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/// Measures the way of pods into the mesh on one node, with real namespaces, rules and listeners
/// and a proxy that answers at once: an ADD as the container runtime sees it, and the time from a
/// namespace's label to the last captured pod. Needs root. `./adit bench enrolment [PODS]`.
final class EnrolmentBench {
  private static final String FABRIC = "enrolment";
  private static final Map<String, String> AMBIENT = Map.of("istio.io/dataplane-mode", "ambient");

  private final Path directory;
  private final FabricNode node;
  private final FakeSource source = new FakeSource();
  private final FakeStatus status = new FakeStatus();
  private final List<FabricPod> pods = new ArrayList<>();

  private EnrolmentBench(Path directory, FabricNode node) {
    this.directory = directory;
    this.node = node;
  }

  @WritesToStandardOutput("a command that prints what it measured")
  public static void main(String[] arguments) throws Exception {
    int count = arguments.length == 1 ? Integer.parseInt(arguments[0]) : 100;
    Path directory = Files.createTempDirectory("adit-bench");
    // At every end, also when interrupted.
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().unstarted(() -> leaveNothing(directory)));
    Path plugin = InstallPlugin.install(directory.resolve("bin"), directory.resolve("bin"));
    try (Fabric fabric = Fabric.create(FABRIC, AddressPlan.standard())) {
      EnrolmentBench bench = new EnrolmentBench(directory, fabric.addNode("n1"));
      System.out.println(bench.measure(count, plugin));
    }
  }

  private static void leaveNothing(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      Fabric.remove(FABRIC);
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String measure(int count, Path plugin) throws Exception {
    for (int i = 0; i < count; i++) {
      pods.add(node.addPod("p" + i));
    }
    source.put(FakeSource.namespace("shop", AMBIENT));
    for (int i = 0; i < count; i++) {
      put(i, List.of());
    }
    Path zds = directory.resolve("ztunnel.sock");
    AgentConfig config =
        AgentConfig.of(
                Map.of(
                    "NODE_NAME", "n1",
                    "CNI_AGENT_RUN_DIR", directory.toString(),
                    "ZTUNNEL_UDS_ADDRESS", zds.toString(),
                    "ADIT_HOST_ROOT", "/",
                    "ADIT_CNI_INSTALL", "false"))
            .withHostNetwork(node.netns().path());
    Reports reports = new Reports(Log.silent(), new Metrics(), status);
    try (Agent agent = new Agent(config, source, reports, ZdsServer.Limits.DEFAULT)) {
      var _ = agent.start(new CountDownLatch(1));
      try (FakeProxy proxy = FakeProxy.connect(zds)) {
        var _ = proxy.next();
        long[] adds = new long[count];
        for (int i = 0; i < count; i++) {
          adds[i] = add(plugin, i);
        }
        Wait.until("annotations", () -> captured() == count);
        long[] agentAlone = new long[count];
        for (int i = 0; i < count; i++) {
          var _ = ask("DEL", i);
          agentAlone[i] = ask("ADD", i);
        }
        for (int i = 0; i < count; i++) {
          put(i, List.of(pods.get(i).addresses().ip4().getHostAddress()));
        }
        source.put(FakeSource.namespace("shop", Map.of()));
        Wait.until("all outside", () -> captured() == 0);
        long start = System.nanoTime();
        source.put(FakeSource.namespace("shop", AMBIENT));
        Wait.until("all captured", () -> captured() == count);
        return "ADD with enrolment: %s%nof that the agent: %s%nlabel to captured: %d pods, the last after %d ms"
            .formatted(
                summary(adds), summary(agentAlone), count, millis(System.nanoTime() - start));
      }
    }
  }

  private void put(int i, List<String> addresses) {
    Map<String, String> annotations =
        addresses.isEmpty()
            ? Map.of()
            : Map.of("adit.dev/netns", pods.get(i).netns().path().toString());
    source.put(
        FakeSource.pod(
            FakeSource.meta("shop", "p" + i, "uid-" + i, Map.of(), annotations),
            "n1",
            "Running",
            addresses));
  }

  private long captured() {
    return status.redirections.values().stream().filter("enabled"::equals).count();
  }

  /// The request as the plugin sends it, without the start of a program.
  private long ask(String command, int i) throws IOException {
    AgentRequest request =
        new AgentRequest(
            Command.valueOf(command),
            "c" + i,
            pods.get(i).netns().path().toString(),
            "eth0",
            "shop",
            "p" + i,
            "uid-" + i,
            List.of(pods.get(i).addresses().ip4().getHostAddress() + "/24"));
    long start = System.nanoTime();
    AgentReply reply = FakePlugin.ask(directory, request);
    if (reply.code() != 0) {
      throw new IOException(command + ": " + reply);
    }
    return System.nanoTime() - start;
  }

  private long add(Path plugin, int i) throws IOException, InterruptedException {
    String configuration =
        "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"type\":\"adit-cni\",\"cni_agent_run_dir\":\"%s\",\"prevResult\":{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"%s/24\"}]}}"
            .formatted(directory, pods.get(i).addresses().ip4().getHostAddress());
    ProcessBuilder builder = new ProcessBuilder(plugin.toString());
    builder.environment().clear();
    builder
        .environment()
        .putAll(
            Map.of(
                "CNI_COMMAND",
                "ADD",
                "CNI_CONTAINERID",
                "c" + i,
                "CNI_NETNS",
                pods.get(i).netns().path().toString(),
                "CNI_IFNAME",
                "eth0",
                "CNI_PATH",
                "/opt/cni/bin",
                "CNI_ARGS",
                "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=p" + i + ";K8S_POD_UID=uid-" + i));
    long start = System.nanoTime();
    Process process = builder.start();
    try (var in = process.getOutputStream()) {
      in.write(configuration.getBytes(StandardCharsets.UTF_8));
    }
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("ADD: " + out);
    }
    return System.nanoTime() - start;
  }

  private static String summary(long[] nanos) {
    Arrays.sort(nanos);
    return "%d pods, p50 %d ms, p90 %d ms, p99 %d ms, max %d ms"
        .formatted(
            nanos.length,
            millis(nanos[nanos.length / 2]),
            millis(nanos[nanos.length * 9 / 10]),
            millis(nanos[nanos.length * 99 / 100]),
            millis(nanos[nanos.length - 1]));
  }

  private static long millis(long nanos) {
    return Duration.ofNanos(nanos).toMillis();
  }
}
