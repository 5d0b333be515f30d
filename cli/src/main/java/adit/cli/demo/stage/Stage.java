package adit.cli.demo.stage;

import adit.cli.explain.ExplainCommand;
import adit.cli.local.PodChoice;
import adit.cli.local.PodCommand;
import adit.cli.local.run.Instance;
import adit.cli.local.run.Polling;
import adit.cli.local.supervise.Options;
import adit.cli.local.supervise.StatusReport;
import adit.cli.waypoint.WaypointCommand;
import adit.linux.topology.NamedNetns;
import adit.source.ClusterView;
import adit.source.DirectorySource;
import adit.source.object.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The running instance, as the demo's steps use it.
public final class Stage implements AutoCloseable {
  /// The namespace that joins the mesh.
  public static final String SHOP = "bookshop";

  /// In every payload of the shop.
  public static final String MARKER = "BOOKSHOP-MARKER-7c1e";

  private static final String REDIRECTION = "ambient.istio.io/redirection";

  private final Options options;
  private final UserYaml yaml;
  private final DirectorySource cluster;
  private final List<PodProgram> flows = new ArrayList<>();

  /// For an instance that is up.
  public Stage(Options options, UserYaml yaml) {
    this.options = options;
    this.yaml = yaml;
    Instance instance = options.instance();
    this.cluster =
        DirectorySource.open(List.of(yaml.directory(), instance.cluster(), instance.status()));
  }

  /// The user's directory.
  public UserYaml yaml() {
    return yaml;
  }

  /// What the user asked for.
  public Options options() {
    return options;
  }

  /// What the supervisor knows now.
  public StatusReport status() throws IOException {
    return StatusReport.read(options.instance().statusFile());
  }

  /// A pod of the shop, or `client`.
  public StatusReport.PodStatus pod(String name) throws IOException {
    return PodChoice.of(status(), name);
  }

  /// Starts a program in a pod.
  public PodProgram start(String pod, String... command) throws IOException {
    return start(pod(pod), command);
  }

  /// Starts a program in a pod.
  public PodProgram start(StatusReport.PodStatus pod, String... command) throws IOException {
    String what = pod.name() + ": " + String.join(" ", command);
    return new PodProgram(what, PodCommand.of(options.instance(), pod, List.of(command), true));
  }

  /// Starts a request loop in a pod.
  ///
  /// @param rate requests a second of the mode `open`
  public PodProgram loop(String pod, String url, String mode, int pauseMillis, int rate)
      throws IOException {
    return start(
        pod,
        "bookshop",
        "client",
        "loop",
        url,
        "--mode",
        mode,
        "--pause",
        Integer.toString(pauseMillis),
        "--rate",
        Integer.toString(rate));
  }

  /// Runs a request loop in a pod for some seconds, a new connection for each request.
  public LoopCounts requests(String pod, String url, int seconds)
      throws IOException, InterruptedException {
    return LoopCounts.of(
        start(
                pod,
                "bookshop",
                "client",
                "loop",
                url,
                "--seconds",
                Integer.toString(seconds),
                "--pause",
                "10")
            .end());
  }

  /// One request from a pod: the client's line, `200 in 3 ms: ...` or `failed in 2 ms: ...`.
  public String get(String pod, String url) throws IOException, InterruptedException {
    return start(pod, "bookshop", "client", "get", url).end();
  }

  /// Requests from a pod: the client's lines, one for each.
  ///
  /// @param options of the client, such as `--times 10`
  public List<String> gets(String pod, String url, String... options)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("bookshop", "client", "get", url));
    words.addAll(List.of(options));
    PodProgram client = start(pod, words.toArray(String[]::new));
    var _ = client.end();
    return client.said();
  }

  /// Types `adit waypoint`.
  public Typed waypoint(String... words) {
    return typed("waypoint", new WaypointCommand(), words);
  }

  /// Types `adit explain`.
  public Typed explain(String... words) {
    return typed("explain", new ExplainCommand(), words);
  }

  private Typed typed(String name, Object command, String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--local", options.instance().name()));
    return Typed.run(name, command, all);
  }

  /// Starts looking at the link of a node; pods' traffic only.
  public Wire wire(String node) throws IOException {
    return Wire.look(netns(node), "tcp and net 10.244.0.0/16", MARKER);
  }

  /// What a program says from now on.
  ///
  /// @param program such as `ztunnel/node-a`
  public LogTail log(String program) throws IOException {
    return new LogTail(options.instance().log(program.replace('/', '-')));
  }

  /// The cluster as the control plane sees it.
  public ClusterView cluster() {
    return cluster.current();
  }

  /// Waits until every pod of the shop is shown as captured.
  ///
  /// @return whether that was so within the time
  public boolean awaitEnrolled(Duration longest) throws IOException {
    return Polling.until(
        longest,
        () -> {
          List<StatusReport.PodStatus> pods = shop();
          return !pods.isEmpty() && pods.stream().allMatch(pod -> enrolled(pod));
        });
  }

  /// Waits until the proxies of all nodes know that the shop is in the mesh.
  public boolean awaitKnown(Duration longest) throws IOException {
    Set<String> pods = new HashSet<>();
    shop().forEach(pod -> pods.add(pod.name()));
    for (String node : status().nodes()) {
      NodeView view = new NodeView(netns(node));
      if (!Polling.until(longest, () -> view.tunnelsTo(pods))) {
        return false;
      }
    }
    return true;
  }

  /// Waits until everything that is wanted is there and ready.
  public boolean awaitSettled(Duration longest) throws IOException {
    return Polling.until(longest, () -> status().settled());
  }

  /// The pods of the shop.
  public List<StatusReport.PodStatus> shop() throws IOException {
    return status().pods().stream().filter(pod -> pod.namespace().equals(SHOP)).toList();
  }

  /// Addresses of the pods of the shop.
  public Set<InetAddress> shopAddresses() throws IOException {
    Set<InetAddress> all = new HashSet<>();
    for (StatusReport.PodStatus pod : shop()) {
      pod.addresses().forEach(address -> all.add(InetAddress.ofLiteral(address)));
    }
    return all;
  }

  /// Flows that go on over several steps.
  public List<PodProgram> flows() {
    return flows;
  }

  /// The instance's state directory.
  public Path root() {
    return options.instance().root();
  }

  @Override
  public void close() {
    cluster.close();
  }

  private boolean enrolled(StatusReport.PodStatus pod) {
    Pod object = cluster.current().podOrNull(pod.namespace(), pod.name());
    return object != null && object.meta().annotation(REDIRECTION).equals("enabled");
  }

  private NamedNetns netns(String node) {
    return new NamedNetns(options.instance().prefix() + "." + node);
  }
}
