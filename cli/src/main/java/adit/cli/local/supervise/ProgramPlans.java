package adit.cli.local.supervise;

import adit.cli.local.plan.PodFacts;
import adit.cli.local.run.Instance;
import adit.cli.local.run.Launch;
import adit.cli.local.run.ProbePlace;
import adit.cli.local.run.Supervised;
import adit.linux.topology.DualStack;
import adit.linux.topology.FabricNode;
import adit.linux.topology.NamedNetns;
import adit.source.object.Container;
import adit.source.object.PortRef;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How the mesh's programs are started: with the environment that the reference's manifests give
/// them.
///
/// @param options what the user asked for
/// @param control address of the control plane
/// @param keySet keys of the tokens' issuer
record ProgramPlans(Options options, DualStack control, Path keySet) {
  private static final int ISTIOD_READY = 8080;
  private static final int ZTUNNEL_READY = 15021;
  private static final int ZTUNNEL_ADMIN = 15000;
  private static final int AGENT_READY = 8000;
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(200);
  private static final String WHEN_ROOT_IS_THERE =
      "until [ -s \"$XDS_ROOT_CA\" ]; do sleep 0.1; done; exec \"$@\"";
  private static final List<String> PASSED_ON =
      List.of("PATH", "HOME", "JAVA_HOME", "RUST_LOG", "LOG_FORMAT", "LANG");

  Supervised.Plan istiod(NamedNetns netns) {
    Map<String, String> env = common();
    env.put("POD_NAMESPACE", "istio-system");
    env.put("POD_NAME", "istiod");
    env.put("CLUSTER_ID", "Kubernetes");
    env.put("PILOT_ENABLE_AMBIENT", "true");
    env.put("CA_TRUSTED_NODE_ACCOUNTS", "istio-system/ztunnel");
    env.put("ROOT_CA_DIR", options.caDirectory().toString());
    env.put("ADIT_TOKEN_JWKS", keySet.toString());
    return plan("istiod", netns, ours("istiod", "discovery"), env, get("/ready", ISTIOD_READY));
  }

  /// Where every proxy finds the control plane, and what it trusts.
  Map<String, String> mesh() {
    String address = "https://" + control.ip4().getHostAddress() + ":15012";
    String root = options.caDirectory().resolve("root-cert.pem").toString();
    return Map.of(
        "XDS_ADDRESS",
        address,
        "CA_ADDRESS",
        address,
        "XDS_ROOT_CA",
        root,
        "CA_ROOT_CA",
        root,
        "ALT_XDS_HOSTNAME",
        "istiod.istio-system.svc",
        "ALT_CA_HOSTNAME",
        "istiod.istio-system.svc");
  }

  /// What starts a waypoint.
  static List<String> waypoint(Options options) {
    return List.of(
        options.home().resolve("adit").toString(), "run", "waypoint", "proxy", "waypoint");
  }

  Supervised.Plan ztunnel(FabricNode node, PodFacts.Id pod) {
    Map<String, String> env = common();
    env.putAll(mesh());
    env.putAll(
        Map.of(
            "AUTH_TOKEN",
            tokenFile(options.instance(), node.name()).toString(),
            "NODE_NAME",
            node.name(),
            "CLUSTER_ID",
            "Kubernetes",
            "POD_NAME",
            pod.name()));
    env.putAll(
        Map.of(
            "POD_NAMESPACE", pod.namespace(),
            "SERVICE_ACCOUNT", "ztunnel",
            "INSTANCE_IP", node.addresses().ip4().getHostAddress(),
            "PROXY_MODE", "shared",
            "INPOD_UDS", options.instance().node(node.name()).resolve("ztunnel.sock").toString(),
            "ISTIO_META_DNS_CAPTURE", "false",
            "ISTIO_META_DNS_PROXY_ADDR", "127.0.0.1:15053"));
    return plan(
        "ztunnel/" + node.name(),
        node.netns(),
        options.nodeProxy().isEmpty() ? ours("ztunnel", "proxy", "ztunnel") : other(),
        env,
        get("/healthz/ready", ZTUNNEL_READY));
  }

  Supervised.Plan agent(FabricNode node) {
    Map<String, String> env = common();
    Path directory = options.instance().node(node.name());
    env.put("NODE_NAME", node.name());
    env.put("POD_NAMESPACE", "istio-system");
    env.put("POD_NAME", "istio-cni-node-" + node.name());
    env.put("CNI_AGENT_RUN_DIR", directory.resolve("cni").toString());
    env.put("ZTUNNEL_UDS_ADDRESS", directory.resolve("ztunnel.sock").toString());
    // In the node's network namespace, which they share.
    env.put("ADIT_ZTUNNEL_ADMIN", "127.0.0.1:" + ZTUNNEL_ADMIN);
    return plan(
        "cni-agent/" + node.name(),
        node.netns(),
        ours("cni-agent"),
        env,
        get("/readyz", AGENT_READY));
  }

  /// Where a node's ztunnel finds its token.
  static Path tokenFile(Instance instance, String node) {
    return instance.node(node).resolve("token");
  }

  /// What a program gets from the environment of the supervisor.
  static Map<String, String> passedOn() {
    Map<String, String> env = new TreeMap<>();
    for (String name : PASSED_ON) {
      String value = System.getenv(name);
      if (value != null) {
        env.put(name, value);
      }
    }
    env.put("ADIT_NO_BUILD", "1");
    return env;
  }

  private Map<String, String> common() {
    Map<String, String> env = passedOn();
    Instance instance = options.instance();
    env.put(
        "ADIT_SOURCE_DIR",
        String.join(
            ":",
            options.directory().toString(),
            instance.cluster().toString(),
            instance.status().toString()));
    env.put("ADIT_STATUS_DIR", instance.status().toString());
    return env;
  }

  private Supervised.Plan plan(
      String name,
      NamedNetns netns,
      List<String> command,
      Map<String, String> env,
      Container.Action readiness) {
    Container.Probes probes =
        new Container.Probes(null, new Container.Probe(readiness, 0, 1, 1, 1, 1), null);
    return new Supervised.Plan(
        name,
        new Launch(netns, command, env, Path.of("/"), null),
        options.instance().log(name.replace('/', '-')),
        probes,
        new ProbePlace(netns, InetAddress.getLoopbackAddress(), List.of()),
        FIRST_BACKOFF);
  }

  private List<String> ours(String... words) {
    List<String> command = new ArrayList<>();
    command.add(options.home().resolve("adit").toString());
    command.add("run");
    command.addAll(List.of(words));
    return command;
  }

  // Another proxy may read the root only once: it starts when the root is there, as a container
  // does
  // whose ConfigMap has to be there first.
  private List<String> other() {
    List<String> command = new ArrayList<>(List.of("sh", "-c", WHEN_ROOT_IS_THERE, "sh"));
    command.addAll(options.nodeProxy());
    return command;
  }

  private static Container.Action get(String path, int port) {
    return new Container.Action.HttpGet("HTTP", path, new PortRef.Numbered(port));
  }
}
