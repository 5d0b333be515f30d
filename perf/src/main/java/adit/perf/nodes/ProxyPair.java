package adit.perf.nodes;

import static java.nio.charset.StandardCharsets.US_ASCII;

import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.rules.ProbeSource;
import adit.linux.Netns;
import adit.perf.measure.Opened;
import adit.perf.measure.ProxyProcess;
import adit.testkit.ControlPlane;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.WireResources;
import adit.testkit.ZdsPeer;
import adit.testkit.lab.Lab;
import adit.testkit.lab.LabHost;
import adit.testkit.lab.LabNode;
import adit.testkit.lab.LabPod;
import adit.testkit.lab.LabProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Two nodes with a pod each, a control plane, and a proxy on each node: any command that takes the
/// environment of a ztunnel.
final class ProxyPair implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(40);
  private static final int READINESS = 15021;

  private final Opened open;
  private final ControlPlane control;
  private final LabPod client;
  private final LabPod server;
  private final List<ProxyProcess> proxies = new ArrayList<>();
  private final List<Start> starts = new ArrayList<>();

  /// How long a proxy took from the start of its command, in milliseconds.
  ///
  /// @param pod until its first pod was accepted
  /// @param ready until `/healthz/ready` answered 200
  /// @param cpu time that it and what started it had used by then
  record Start(long pod, long ready, long cpu) {}

  private ProxyPair(Opened open, ControlPlane control, LabPod client, LabPod server) {
    this.open = open;
    this.control = control;
    this.client = client;
    this.server = server;
  }

  /// @param command of the proxy, words separated by spaces
  /// @param settings more of its environment
  static ProxyPair start(String name, String command, Map<String, String> settings)
      throws IOException, InterruptedException {
    Opened open = Opened.nothing();
    Lab lab = open.add(Lab.create(name));
    LabHost host = lab.addHost("control");
    LabNode nodeA = lab.addNode("node-a");
    LabNode nodeB = lab.addNode("node-b");
    LabPod client = nodeA.addPod("client");
    LabPod server = nodeB.addPod("server");
    LabPod besideClient = nodeA.addPod("beside-client");
    LabPod besideServer = nodeB.addPod("beside-server");
    ControlPlane control = open.add(ControlPlane.start(host.open(), host.ip4()));
    control.put(
        WireResources.address(
            WireResources.workload("default", "client", "client", "node-a", client.ip4())),
        WireResources.address(
            WireResources.workload("default", "server", "server", "node-b", server.ip4())),
        WireResources.address(
            WireResources.workload(
                "default", "beside-client", "beside", "node-a", besideClient.ip4())),
        WireResources.address(
            WireResources.workload(
                "default", "beside-server", "beside", "node-b", besideServer.ip4())));
    ProxyPair pair = new ProxyPair(open, control, client, server);
    try {
      Path roots = control.writeRoots(open.directory());
      pair.proxy(nodeA, List.of(client, besideClient), roots, command, settings);
      pair.proxy(nodeB, List.of(server, besideServer), roots, command, settings);
      return pair;
    } catch (IOException | InterruptedException | RuntimeException e) {
      pair.close();
      throw e;
    }
  }

  private void proxy(
      LabNode node, List<LabPod> pods, Path roots, String command, Map<String, String> settings)
      throws IOException, InterruptedException {
    Path socket = open.directory().resolve(node.name() + ".sock");
    ZdsPeer agent = ZdsPeer.listen(socket, START);
    open.add(agent);
    Map<String, String> env = new HashMap<>(settings);
    env.put("XDS_ADDRESS", control.url());
    env.put("CA_ADDRESS", control.url());
    env.put("XDS_ROOT_CA", roots.toString());
    env.put("CA_ROOT_CA", roots.toString());
    env.put("ALT_XDS_HOSTNAME", "istiod.istio-system.svc");
    env.put("ALT_CA_HOSTNAME", "istiod.istio-system.svc");
    env.put("AUTH_TOKEN", "any-token");
    env.put("NODE_NAME", node.name());
    env.put("CLUSTER_ID", "Kubernetes");
    env.put("POD_NAME", "ztunnel-" + node.name());
    env.put("POD_NAMESPACE", "istio-system");
    env.put("SERVICE_ACCOUNT", "ztunnel");
    env.put("INSTANCE_IP", node.ip4().getHostAddress());
    env.put("PROXY_MODE", "shared");
    env.put("INPOD_UDS", socket.toString());
    env.put("ISTIO_META_DNS_CAPTURE", "false");
    env.put("ADIT_NO_BUILD", "1");
    env.put("ZTUNNEL_WORKER_THREADS", "2");
    long begun = System.nanoTime();
    LabProcess process = node.start(env, command.split(" +", -1));
    open.add(process);
    ZdsPeer.Session session = agent.accept();
    open.add(session);
    long accepted = 0;
    for (LabPod pod : pods) {
      try (Netns netns = pod.open()) {
        session.add("uid-" + pod.name(), new ZdsPeer.Pod(pod.name(), "default", pod.name()), netns);
      }
      accepted = accepted == 0 ? System.nanoTime() - begun : accepted;
    }
    session.snapshotSent();
    try (Netns netns = node.open()) {
      TcpClient probe = new TcpClient(netns, Duration.ofSeconds(1));
      Eventually.holds("the proxy of " + node.name() + " is ready", START, () -> isReady(probe));
    }
    ProxyProcess proxy = new ProxyProcess(session.pid());
    long ready = System.nanoTime() - begun;
    starts.add(
        new Start(accepted / 1_000_000, ready / 1_000_000, Math.round(proxy.cpuSeconds() * 1000)));
    proxies.add(proxy);
    capture(pods);
  }

  private static void capture(List<LabPod> pods) throws IOException {
    for (LabPod pod : pods) {
      try (Netns netns = pod.open()) {
        PodRules rules = new PodRules(ProbeSource.DEFAULT);
        rules.prepare(netns);
        rules.write(netns, PodOptions.DEFAULT);
      }
    }
  }

  private static boolean isReady(TcpClient probe) throws IOException {
    try (Socket socket = probe.connect(InetAddress.getLoopbackAddress(), READINESS)) {
      socket
          .getOutputStream()
          .write("GET /healthz/ready HTTP/1.1\r\nHost: probe\r\n\r\n".getBytes(US_ASCII));
      byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
      return new String(status, US_ASCII).equals("HTTP/1.1 200");
    }
  }

  /// For files; it goes with the pair.
  Path directory() {
    return open.directory();
  }

  LabPod client() {
    return client;
  }

  LabPod server() {
    return server;
  }

  List<Start> starts() {
    return starts;
  }

  List<ProxyProcess> proxies() {
    return proxies;
  }

  /// CPU time of both proxies so far, in seconds.
  double cpuSeconds() throws IOException {
    double sum = 0;
    for (ProxyProcess proxy : proxies) {
      sum += proxy.cpuSeconds();
    }
    return sum;
  }

  @Override
  public void close() throws IOException {
    open.close();
  }
}
