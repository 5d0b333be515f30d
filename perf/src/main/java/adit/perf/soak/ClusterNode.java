package adit.perf.soak;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.cni.plugin.AgentReply;
import adit.cni.plugin.AgentRequest;
import adit.cni.plugin.CniException;
import adit.cni.plugin.Command;
import adit.cni.plugin.JsonReader;
import adit.cni.plugin.JsonWriter;
import adit.linux.Netns;
import adit.perf.measure.Opened;
import adit.testkit.Eventually;
import adit.testkit.kube.ApiServer;
import adit.testkit.lab.Lab;
import adit.testkit.lab.LabNode;
import adit.testkit.lab.LabPod;
import adit.testkit.lab.LabProcess;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// One node of a cluster, as far as a mesh goes: an API server that can go away, the control plane,
/// the node agent and the node's proxy as the programs that they are, all in the node's network,
/// and pods whose sandboxes are announced as the plugin does. Needs root.
final class ClusterNode implements AutoCloseable {
  static final String NAMESPACE = "shop";
  private static final String SECURITY = "security.istio.io/v1";
  private static final Duration START = Duration.ofSeconds(120);
  private static final String NODE = "n1";
  private static final String PROXY_UID = "uid-ztunnel";

  private final Opened open;
  private final ApiServer server;
  private final LabNode node;
  private final Netns netns;
  private final Path directory;
  private final String script;

  /// @param script the `adit` that starts the programs
  private ClusterNode(Opened open, LabNode node, String script) throws IOException {
    this.open = open;
    this.node = node;
    this.script = script;
    netns = open.add(node.open());
    server = open.add(netns.<ApiServer, IOException>call(ApiServer::new));
    directory = open.directory();
  }

  /// Starts everything; returns when pods can be added.
  ///
  /// @param name of the lab
  /// @param script the `adit` that starts the programs
  static ClusterNode start(String name, String script) throws IOException {
    Opened open = Opened.nothing();
    try {
      LabNode node = open.add(Lab.create(name)).addNode(NODE);
      ClusterNode started = new ClusterNode(open, node, script);
      started.objects();
      started.programs();
      return started;
    } catch (IOException | RuntimeException | AssertionError e) {
      open.close();
      throw e;
    }
  }

  private void objects() {
    server
        .know("v1", "namespaces", "nodes", "services", "pods", "secrets", "configmaps", "events")
        .know("discovery.k8s.io/v1", "endpointslices")
        .know("networking.k8s.io/v1", "networkpolicies")
        .know(SECURITY, "authorizationpolicies", "peerauthentications")
        .know("coordination.k8s.io/v1", "leases")
        .know("events.k8s.io/v1", "events")
        .know("apps/v1", "daemonsets")
        .know("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations")
        .review("authentication.k8s.io/v1", "tokenreviews", ClusterNode::reviewed);
    put("namespaces", "Namespace", "{\"name\":\"istio-system\"}", "");
    put(
        "namespaces",
        "Namespace",
        "{\"name\":\"shop\",\"labels\":{\"istio.io/dataplane-mode\":\"ambient\"}}",
        "");
    put("nodes", "Node", "{\"name\":\"n1\"}", "");
    put(
        "pods",
        "Pod",
        "{\"name\":\"ztunnel-n1\",\"namespace\":\"istio-system\",\"uid\":\"" + PROXY_UID + "\"}",
        ",\"spec\":{\"nodeName\":\"n1\",\"serviceAccountName\":\"ztunnel\",\"hostNetwork\":true,"
            + "\"containers\":[{\"name\":\"z\"}]},\"status\":{\"phase\":\"Running\"}");
    server.put(
        SECURITY,
        "peerauthentications",
        "{\"apiVersion\":\"security.istio.io/v1\",\"kind\":\"PeerAuthentication\","
            + "\"metadata\":{\"name\":\"strict\",\"namespace\":\"shop\"},"
            + "\"spec\":{\"mtls\":{\"mode\":\"STRICT\"}}}");
  }

  /// Every token is that of the node's proxy.
  private static ObjectNode reviewed(ObjectNode review) {
    ObjectNode status = review.putObject("status").put("authenticated", true);
    status.putArray("audiences").add("istio-ca");
    ObjectNode user =
        status.putObject("user").put("username", "system:serviceaccount:istio-system:ztunnel");
    user.putArray("groups").add("system:serviceaccounts");
    ObjectNode extra = user.putObject("extra");
    extra.putArray("authentication.kubernetes.io/pod-name").add("ztunnel-n1");
    extra.putArray("authentication.kubernetes.io/pod-uid").add(PROXY_UID);
    return review;
  }

  private void put(String plural, String kind, String metadata, String rest) {
    server.put(
        "v1",
        plural,
        "{\"apiVersion\":\"v1\",\"kind\":\"" + kind + "\",\"metadata\":" + metadata + rest + "}");
  }

  private void programs() throws IOException {
    Path config = Files.writeString(directory.resolve("kubeconfig"), server.kubeconfig());
    Map<String, String> cluster = Map.of("KUBECONFIG", config.toString(), "ADIT_NO_BUILD", "1");
    run(
        cluster,
        Map.of("ROOT_CA_DIR", directory.resolve("none").toString()),
        List.of("istiod", "discovery"));
    String zds = directory.resolve("ztunnel.sock").toString();
    run(
        cluster,
        Map.of(
            "NODE_NAME",
            NODE,
            "CNI_AGENT_RUN_DIR",
            directory.toString(),
            "ZTUNNEL_UDS_ADDRESS",
            zds,
            "ADIT_HOST_ROOT",
            "/",
            "ADIT_CNI_INSTALL",
            "false",
            "MONITORING_PORT",
            "15114"),
        List.of("cni-agent"));
    run(cluster, proxy(zds), List.of("ztunnel", "proxy", "ztunnel"));
    Eventually.holds("the agent listens", START, () -> Files.exists(plugin()));
    Eventually.holds("the proxy is ready", START, this::isReady);
  }

  private Map<String, String> proxy(String zds) throws IOException {
    JsonNode roots =
        Eventually.gives(
            "root certificates in the cluster",
            START,
            () -> server.objectOrNull("v1", "configmaps", NAMESPACE, "istio-ca-root-cert"));
    String file =
        Files.writeString(directory.resolve("roots.pem"), roots.at("/data/root-cert.pem").asText())
            .toString();
    String address = "https://127.0.0.1:15012";
    return Map.ofEntries(
        Map.entry("XDS_ADDRESS", address),
        Map.entry("CA_ADDRESS", address),
        Map.entry("XDS_ROOT_CA", file),
        Map.entry("CA_ROOT_CA", file),
        Map.entry("ALT_XDS_HOSTNAME", "istiod.istio-system.svc"),
        Map.entry("ALT_CA_HOSTNAME", "istiod.istio-system.svc"),
        Map.entry("AUTH_TOKEN", "a-token"),
        Map.entry("NODE_NAME", NODE),
        Map.entry("CLUSTER_ID", "Kubernetes"),
        Map.entry("POD_NAME", "ztunnel-n1"),
        Map.entry("POD_NAMESPACE", "istio-system"),
        Map.entry("SERVICE_ACCOUNT", "ztunnel"),
        Map.entry("INSTANCE_IP", node.ip4().getHostAddress()),
        Map.entry("INPOD_UDS", zds),
        Map.entry("ISTIO_META_DNS_CAPTURE", "false"));
  }

  private void run(Map<String, String> common, Map<String, String> own, List<String> program)
      throws IOException {
    Map<String, String> environment = new HashMap<>(common);
    environment.putAll(own);
    List<String> words = new ArrayList<>(List.of(script, "run"));
    words.addAll(program);
    LabProcess process = node.start(environment, words.toArray(String[]::new));
    var _ = open.add(process);
  }

  private boolean isReady() throws IOException {
    return node.exec("curl", "-sSm", "2", "http://127.0.0.1:15021/healthz/ready")
        .out()
        .startsWith("ready");
  }

  private Path plugin() {
    return directory.resolve(AgentRequest.SOCKET);
  }

  /// The API server closes all connections and refuses new ones.
  void apiServerGoesAway() {
    server.goAway();
  }

  /// It is there again, with the objects of before.
  void apiServerComesBack() throws IOException {
    var _ =
        netns.<Boolean, IOException>call(() -> {
          server.comeBack();
          return true;
        });
  }

  /// A pod was given to the node; it has no sandbox yet.
  void schedule(String pod) {
    putPod(pod, "{\"phase\":\"Pending\"}");
  }

  /// The kubelet says that the pod runs.
  void running(SoakPod pod) {
    putPod(
        pod.name(),
        String.format(
            Locale.ROOT,
            "{\"phase\":\"Running\",\"podIP\":\"%1$s\",\"podIPs\":[{\"ip\":\"%1$s\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}",
            pod.address().getHostAddress()));
  }

  private void putPod(String pod, String status) {
    put(
        "pods",
        "Pod",
        String.format(
            Locale.ROOT,
            "{\"name\":\"%1$s\",\"namespace\":\"%2$s\",\"uid\":\"uid-%1$s\"}",
            pod,
            NAMESPACE),
        ",\"spec\":{\"nodeName\":\"n1\",\"serviceAccountName\":\""
            + pod
            + "\",\"containers\":[{\"name\":\"app\"}]},\"status\":"
            + status);
  }

  /// Nobody may come from that account any more.
  void deny(String account) {
    server.put(
        SECURITY,
        "authorizationpolicies",
        String.format(
            Locale.ROOT,
            """
            {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy",
             "metadata":{"name":"deny","namespace":"%1$s"},
             "spec":{"action":"DENY","rules":[{"from":[{"source":{
               "principals":["cluster.local/ns/%1$s/sa/%2$s"]}}]}]}}
            """,
            NAMESPACE,
            account));
  }

  /// Makes a sandbox and tells the agent, as the plugin does.
  ///
  /// @throws IOException the agent refused; what it said
  SoakPod sandbox(String pod) throws IOException {
    LabPod made = node.addPod(pod);
    return sandbox(pod, made, add(pod, made));
  }

  private SoakPod sandbox(String pod, LabPod made, AgentReply reply) throws IOException {
    if (reply.code() != 0) {
      throw new IOException(reply.message());
    }
    return new SoakPod(pod, made.ip4(), open.add(made.open()));
  }

  /// Makes a sandbox and tells the agent, again as long as it wants to be asked later, as a runtime
  /// does.
  ///
  /// @throws IOException the agent refused, or wanted to be asked later for too long; what it said
  SoakPod start(String pod, Duration patience) throws IOException {
    LabPod made = node.addPod(pod);
    long end = System.nanoTime() + patience.toNanos();
    AgentReply reply = add(pod, made);
    while (reply.code() == CniException.TRY_AGAIN_LATER && System.nanoTime() < end) {
      reply = add(pod, made);
    }
    return sandbox(pod, made, reply);
  }

  private AgentReply add(String pod, LabPod made) throws IOException {
    AgentRequest request =
        new AgentRequest(
            Command.ADD,
            "c-" + pod,
            made.netnsPath().toString(),
            "eth0",
            NAMESPACE,
            pod,
            "uid-" + pod,
            List.of(made.ip4().getHostAddress() + "/24"));
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(plugin()));
      channel.write(ByteBuffer.wrap(JsonWriter.write(request.toJson()).getBytes(UTF_8)));
      channel.shutdownOutput();
      return AgentReply.of(JsonReader.read(Channels.newInputStream(channel).readAllBytes()));
    }
  }

  @Override
  public void close() throws IOException {
    open.close();
  }
}
