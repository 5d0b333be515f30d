package adit.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import adit.cni.agent.rules.PodOptions;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.rules.ProbeSource;
import adit.linux.Netns;
import adit.linux.topology.Completed;
import adit.protos.workload.Workload;
import adit.protos.zds.Ack;
import adit.testkit.Eventually;
import adit.testkit.WireResources;
import adit.testkit.ZdsPeer;
import adit.testkit.lab.LabNode;
import adit.testkit.lab.LabPod;
import adit.testkit.lab.LabProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A node with a ztunnel process as users start it, and the agent's side of its socket.
final class MeshNode implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Pattern LINE =
      Pattern.compile("^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z\t(error|warn|info|debug|trace)\t");

  private final Mesh mesh;
  private final LabNode lab;
  private final ZdsPeer agent;
  private final PodRules rules = new PodRules(ProbeSource.DEFAULT);
  private final List<MeshPod> all = new ArrayList<>();
  private final List<MeshPod> pods = new ArrayList<>();
  private @Nullable LabProcess process;
  private ZdsPeer.@Nullable Session session;

  MeshNode(Mesh mesh, LabNode lab) throws IOException {
    this.mesh = mesh;
    this.lab = lab;
    agent = ZdsPeer.listen(socket(), START);
  }

  LabNode lab() {
    return lab;
  }

  private Path socket() {
    return mesh.directory().resolve(lab.name() + ".sock");
  }

  /// Starts the proxy; it dials the agent when it knows the mesh.
  LabProcess start(Map<String, String> environment) throws IOException {
    return start(environment, List.of());
  }

  /// As [#start(Map)], with a command line before it, for example one that sets limits.
  LabProcess start(Map<String, String> environment, List<String> before) throws IOException {
    BuiltPrograms.check("ztunnel");
    List<String> words = new ArrayList<>(before);
    words.addAll(List.of(BuiltPrograms.script().toString(), "run", "ztunnel", "proxy", "ztunnel"));
    LabProcess started = lab.start(environment(environment), words.toArray(String[]::new));
    process = started;
    return started;
  }

  private Map<String, String> environment(Map<String, String> more) {
    String roots = mesh.directory().resolve("root-cert.pem").toString();
    Map<String, String> all = new HashMap<>();
    all.put("XDS_ADDRESS", mesh.control().url());
    all.put("CA_ADDRESS", mesh.control().url());
    all.put("XDS_ROOT_CA", roots);
    all.put("CA_ROOT_CA", roots);
    all.put("AUTH_TOKEN", "any-token");
    all.put("NODE_NAME", lab.name());
    all.put("CLUSTER_ID", "Kubernetes");
    all.put("POD_NAME", "ztunnel-" + lab.name());
    all.put("POD_NAMESPACE", "istio-system");
    all.put("SERVICE_ACCOUNT", "ztunnel");
    all.put("INSTANCE_IP", lab.ip4().getHostAddress());
    all.put("INPOD_UDS", socket().toString());
    all.put("ISTIO_META_DNS_CAPTURE", "false");
    // What is tested is what was built, not what `adit` would build in between.
    all.put("ADIT_NO_BUILD", "1");
    all.put("JAVA_HOME", System.getProperty("java.home"));
    all.putAll(more);
    return all;
  }

  /// Takes the proxy's connection, tells it the pods of this node, and waits until it is ready.
  void serve() throws IOException {
    connect();
    for (MeshPod pod : pods) {
      enroll(pod);
    }
    refused(session().snapshotSent(), "snapshot");
    awaitReady();
  }

  /// Takes the proxy's next connection, and tells it nothing.
  ZdsPeer.Session connect() throws IOException {
    ZdsPeer.Session next = agent.accept();
    session = next;
    return next;
  }

  void awaitReady() {
    Eventually.holds(
        "the proxy of " + lab.name() + " is ready",
        START,
        () -> get(15021, "/healthz/ready").startsWith("ready"));
  }

  /// A pod in the mesh: in the control plane, proxied, captured.
  MeshPod addPod(String namespace) throws IOException {
    return addPod(namespace, "account");
  }

  /// As [#addPod(String)], with a service account.
  MeshPod addPod(String namespace, String account) throws IOException {
    MeshPod pod = addUnknownPod(namespace, account);
    mesh.publish(pod.workload());
    return pod;
  }

  /// A pod that nobody has been told of.
  MeshPod addOutsider(String namespace, String account) throws IOException {
    LabPod made = lab.addPod(mesh.unique("pod"));
    MeshPod pod = new MeshPod(this, made, made.open(), namespace, account);
    all.add(pod);
    return pod;
  }

  /// A pod that the proxy knows and the control plane does not.
  MeshPod addUnknownPod(String namespace, String account) throws IOException {
    MeshPod pod = addOutsider(namespace, account);
    capture(pod);
    return pod;
  }

  /// Brings an outsider into the mesh, but for the control plane.
  void capture(MeshPod pod) throws IOException {
    pods.add(pod);
    rules.prepare(pod.netns());
    enroll(pod);
    rules.write(pod.netns(), PodOptions.DEFAULT);
  }

  private void enroll(MeshPod pod) throws IOException {
    refused(session().add(pod.uid(), pod.zds(), pod.netns()), pod.lab().name());
  }

  private static void refused(Ack answer, String what) throws IOException {
    if (!answer.getError().isEmpty()) {
      throw new IOException(what + ": " + answer.getError() + " (expected: accepted)");
    }
  }

  /// The agent forgets the pod and the proxy stops serving it.
  void removePod(MeshPod pod) throws IOException {
    pods.remove(pod);
    refused(session().delete(pod.uid()), pod.lab().name());
  }

  /// The agent does not name the pod any more when it is asked next.
  void forget(MeshPod pod) {
    pods.remove(pod);
  }

  /// A pod as the control plane tells it.
  Workload.Builder workload(MeshPod pod) {
    return WireResources.workload(
        pod.namespace(), pod.lab().name(), pod.account(), lab.name(), pod.ip4(), pod.ip6());
  }

  LabProcess process() {
    LabProcess running = process;
    if (running == null) {
      throw new IllegalStateException("proxy of " + lab.name() + ": was not started");
    }
    return running;
  }

  ZdsPeer.Session session() {
    ZdsPeer.Session open = session;
    if (open == null) {
      throw new IllegalStateException("proxy of " + lab.name() + ": has not dialled the agent");
    }
    return open;
  }

  /// An access line that has all of `parts`.
  String awaitAccess(String... parts) throws InterruptedException {
    return awaitLog(
        Stream.concat(Stream.of("\taccess\t"), Stream.of(parts)).toArray(String[]::new));
  }

  /// A log line that has all of `parts`.
  String awaitLog(String... parts) throws InterruptedException {
    return process()
        .awaitLine(
            lab.name() + ": a line with " + List.of(parts),
            line -> Stream.of(parts).allMatch(line::contains),
            Mesh.SOON);
  }

  /// Body of the answer of one of the operator's ports, then a line feed and the status.
  String get(int port, String path) throws IOException {
    return curl(port, path);
  }

  /// As [#get], with POST.
  String post(int port, String path) throws IOException {
    return curl(port, path, "-X", "POST");
  }

  String curl(int port, String path, String... options) throws IOException {
    List<String> words = new ArrayList<>(List.of("curl", "-sSm", "5", "-w", "\n%{http_code}"));
    words.addAll(List.of(options));
    words.add("http://127.0.0.1:" + port + path);
    Completed done = lab.exec(words.toArray(String[]::new));
    return done.orThrow("curl " + port + path).out();
  }

  /// Value of a metric: the sum of all series whose line has all of `labels`.
  double metric(String name, String... labels) throws IOException {
    return get(15020, "/metrics")
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .filter(line -> Stream.of(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /// To look at when something is wrong: `ADIT_SCENARIO_LOGS` names a directory.
  private void keepLog(List<String> lines) throws IOException {
    String directory = System.getenv("ADIT_SCENARIO_LOGS");
    if (directory != null) {
      Files.write(Path.of(directory, lab.name() + ".log"), lines);
    }
  }

  @Override
  public void close() throws IOException {
    if (session != null) {
      session.close();
    }
    agent.close();
    all.forEach(MeshPod::close);
    if (process != null) {
      process.close();
      keepLog(process.lines());
      assertThat(process.lines().stream().filter(line -> !LINE.matcher(line).find()))
          .as("what the proxy of " + lab.name() + " wrote past its log")
          .isEmpty();
    }
  }

  /// The namespace of the node itself; the caller owns it.
  Netns open() throws IOException {
    return lab.open();
  }
}
