package adit.scenarios;

import adit.cli.local.Detached;
import adit.cli.local.PodChoice;
import adit.cli.local.PodCommand;
import adit.cli.local.run.Instance;
import adit.cli.local.run.StateFiles;
import adit.cli.local.supervise.Held;
import adit.cli.local.supervise.Options;
import adit.cli.local.supervise.StatusReport;
import adit.linux.Netns;
import adit.testkit.Eventually;
import adit.testkit.TcpClient;
import adit.testkit.lab.LabProcess;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// The sample's shop in a local mesh, as `adit local up` starts it: two nodes with the real
/// programs, the pods of the sample's YAML, and a waypoint for the shop that was applied while
/// clients were asking. Tests change its directory of YAML as users do. Needs root.
final class ShopMesh implements AutoCloseable {
  /// Long enough for a busy machine; nothing waits that long when all is well.
  static final Duration SOON = Duration.ofSeconds(30);

  static final String WEB = "http://web/";
  static final String DETAILS = "http://details:8080/";
  static final String REVIEWS = "http://reviews:8080/";
  static final String RATINGS = "http://ratings:8080/";

  private static final Duration END = Duration.ofSeconds(90);
  private static final String SHOP = "bookshop";

  /// Of the instance's name; the id of the test run's process follows.
  private static final String PREFIX = "shop-";

  private static final int FLOW = 9090;
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Services of two versions of `reviews`, as routes name them.
  private static final String VERSIONS =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v1, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v1}
        ports: [{name: http, port: 8080, targetPort: http}, {name: tcp-flow, port: 9090, targetPort: flow}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: reviews-v2, namespace: bookshop}
      spec:
        selector: {app: reviews, version: v2}
        ports: [{name: http, port: 8080, targetPort: http}, {name: tcp-flow, port: 9090, targetPort: flow}]
      """;

  private final Options options;
  private final Thread undo;
  private List<Load> whileApplied = List.of();
  private String applied = "";

  /// What a request loop has counted.
  ///
  /// @param requests all
  /// @param failed those without a good answer
  /// @param line all of it, for people
  record Load(int requests, int failed, String line) {
    static Load of(String line) throws IOException {
      JsonNode counts = JSON.readTree(line);
      return new Load(counts.path("requests").asInt(), counts.path("failed").asInt(-1), line);
    }
  }

  private ShopMesh(Options options) {
    this.options = options;
    // A test run that is ended leaves nothing behind, either.
    this.undo = new Thread(() -> end(options.instance()), "undo");
    Runtime.getRuntime().addShutdownHook(undo);
  }

  private static void end(Instance instance) {
    try {
      Held.end(instance);
    } catch (IOException e) {
      throw new IllegalStateException(instance.name() + ": not everything could be removed", e);
    }
  }

  private static ShopMesh started() {
    try {
      return start();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the shop's mesh did not start", e);
    }
  }

  private static ShopMesh start() throws IOException, InterruptedException {
    for (String module :
        List.of("ztunnel", "waypoint", "istiod-lite", "cni/agent", "cli", "samples/bookshop")) {
      BuiltPrograms.check(module);
    }
    endForsaken();
    Instance instance = new Instance(PREFIX + ProcessHandle.current().pid());
    ShopMesh mesh =
        new ShopMesh(
            new Options(
                instance,
                instance.ownYaml(),
                2,
                instance.root().resolve("ca"),
                BuiltPrograms.top(),
                true,
                List.of()));
    boolean complete = false;
    try {
      mesh.writeYaml();
      mesh.up();
      mesh.applyWaypoint();
      mesh.awaitAsItWas();
      complete = true;
      return mesh;
    } finally {
      if (!complete) {
        mesh.close();
      }
    }
  }

  /// Ends meshes of test runs that were killed.
  private static void endForsaken() throws IOException {
    if (!Files.isDirectory(Instance.all())) {
      return;
    }
    try (DirectoryStream<Path> roots = Files.newDirectoryStream(Instance.all(), PREFIX + "*")) {
      for (Path root : roots) {
        String name = String.valueOf(root.getFileName());
        String pid = name.substring(PREFIX.length());
        if (pid.matches("[0-9]+") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
          Held.end(new Instance(name));
        }
      }
    }
  }

  /// The sample's, with the shop in the mesh, versions told by flows, and services of versions.
  private void writeYaml() throws IOException {
    Files.createDirectories(options.directory());
    try (Stream<Path> files = Files.list(BuiltPrograms.top().resolve("samples/bookshop/mesh"))) {
      for (Path file : files.toList()) {
        Files.copy(file, options.directory().resolve(file.getFileName()));
      }
    }
    edit(
        "00-namespaces.yaml",
        "  name: bookshop\n",
        "  name: bookshop\n  labels:\n    istio.io/dataplane-mode: ambient\n");
    for (String version : List.of("v1", "v2", "v3")) {
      String variable = "          value: " + version + "\n";
      edit(
          "30-reviews.yaml",
          variable,
          variable + "        - name: FLOW_PREFIX\n          value: " + version + ",\n");
    }
    write("versions.yaml", VERSIONS);
  }

  private void edit(String file, String from, String to) throws IOException {
    String text = Files.readString(options.directory().resolve(file));
    if (!text.contains(from)) {
      throw new IOException(file + ": no text '" + from + "' (expected: the sample's)");
    }
    write(file, text.replace(from, to));
  }

  private void write(String file, String text) throws IOException {
    StateFiles.replace(options.directory().resolve(file), text);
  }

  private void up() throws IOException {
    StringWriter said = new StringWriter();
    int exit = Detached.start(options, new PrintWriter(said, true));
    if (exit != 0) {
      Path status = options.instance().statusFile();
      throw new IOException(
          "adit local up: "
              + said
              + (Files.exists(status) ? Files.readString(status) : " (no status)"));
    }
  }

  /// Into the path of every service of the shop, while they are asked.
  private void applyWaypoint() throws IOException, InterruptedException {
    whileApplied =
        underLoad(
            List.of(
                loop("ratings", WEB, "--mode", "new", "--pause", "5"),
                loop("ratings", WEB, "--mode", "keepalive", "--pause", "5")),
            () -> {
              applied =
                  adit(
                      "waypoint",
                      "apply",
                      "--local",
                      name(),
                      "-n",
                      SHOP,
                      "--enroll-namespace",
                      "--wait");
              Eventually.holds(
                  "requests to the shop go through the waypoint",
                  SOON,
                  () -> waypointMetric("istio_requests_total", "web.bookshop") >= 20);
            });
  }

  /// What is done under load.
  @FunctionalInterface
  interface Steps {
    void walk() throws IOException, InterruptedException;
  }

  /// Starts a loop of requests in a pod.
  ///
  /// @param words options of `client loop`
  LabProcess loop(String pod, String url, String... words) throws IOException {
    return sample(
        pod, Stream.concat(Stream.of("loop", url), Stream.of(words)).toArray(String[]::new));
  }

  /// Does something while loops of requests run, and ends them.
  ///
  /// @return what each loop has counted
  List<Load> underLoad(List<LabProcess> loops, Steps steps)
      throws IOException, InterruptedException {
    try {
      for (LabProcess loop : loops) {
        loop.awaitLine("started", SOON);
      }
      steps.walk();
      List<Load> loads = new ArrayList<>();
      for (LabProcess loop : loops) {
        loop.terminate();
        loop.waitFor(END);
        loads.add(Load.of(loop.lines().getLast()));
      }
      return List.copyOf(loads);
    } finally {
      loops.forEach(LabProcess::close);
    }
  }

  /// What `adit waypoint apply` has printed.
  String applied() {
    return applied;
  }

  /// What clients counted while the waypoint came into their path: new connections, a kept one.
  List<Load> whileApplied() {
    return whileApplied;
  }

  /// Name of the instance.
  String name() {
    return options.instance().name();
  }

  /// What the command line has printed, and its exit code.
  record Said(int exit, String text) {}

  /// Runs the command line to its end, which must be a good one.
  ///
  /// @return what it printed
  String adit(String... words) throws IOException, InterruptedException {
    Said said = run(words);
    if (said.exit() != 0) {
      throw new IOException(String.join(" ", words) + ": " + said + " (expected: exit 0)");
    }
    return said.text();
  }

  /// Runs the command line to its end.
  Said run(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(BuiltPrograms.script().toString()));
    command.addAll(List.of(words));
    Map<String, String> environment =
        Map.of("ADIT_NO_BUILD", "1", "JAVA_HOME", System.getProperty("java.home"));
    try (LabProcess process = LabProcess.start(command, environment)) {
      return new Said(process.waitFor(END), String.join("\n", process.lines()));
    }
  }

  /// Waits until an object of the shop has a condition.
  ///
  /// @param kind of the object, in small letters
  /// @param words that its text has
  void awaitCondition(String kind, String name, String type, boolean status, String... words) {
    Path file = Path.of(String.join("-", kind, SHOP, name, "istiod.patch.yaml"));
    Eventually.holds(
        kind + " " + name + ": " + type + "=" + status + " with " + List.of(words),
        SOON,
        () -> {
          JsonNode object =
              JSON.readTree(Files.readString(options.instance().status().resolve(file)));
          for (JsonNode condition : object.path("status").path("conditions")) {
            if (condition.path("type").asText().equals(type)) {
              String text = condition.toString();
              return condition.path("status").asText().equals(status ? "True" : "False")
                  && Stream.of(words).allMatch(text::contains);
            }
          }
          return false;
        });
  }

  /// Waits for an event whose line has all of `words`.
  void awaitEvent(String... words) {
    Path events = options.instance().status().resolve("events.jsonl");
    Eventually.holds(
        "an event with " + List.of(words),
        SOON,
        () ->
            Files.readAllLines(events).stream()
                .anyMatch(line -> Stream.of(words).allMatch(line::contains)));
  }

  /// Deletes what `adit waypoint apply --migrate-policies` has made.
  void deleteMigratedPolicies() throws IOException {
    try (DirectoryStream<Path> made =
        Files.newDirectoryStream(options.directory(), "policy-" + SHOP + ".*.yaml")) {
      for (Path file : made) {
        Files.delete(file);
      }
    }
  }

  /// Starts a program in a pod of the shop, or in `NAMESPACE/POD`.
  private LabProcess start(String pod, List<String> command) throws IOException {
    ProcessBuilder inside = PodCommand.of(options.instance(), pod(pod), command, true);
    return LabProcess.start(inside.command(), inside.environment());
  }

  private StatusReport.PodStatus pod(String name) throws IOException {
    StatusReport report = StatusReport.read(options.instance().statusFile());
    return PodChoice.of(report, name.contains("/") ? name : SHOP + "/" + name);
  }

  /// Starts the sample's client in a pod.
  private LabProcess sample(String pod, String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(BuiltPrograms.top().resolve("samples/bin/bookshop").toString(), "client"));
    command.addAll(List.of(words));
    return start(pod, command);
  }

  /// Asks from a pod with the sample's client: a new connection for each request.
  ///
  /// @param words options of `client get`
  Answers get(String pod, String url, String... words) throws IOException, InterruptedException {
    String[] all = Stream.concat(Stream.of("get", url), Stream.of(words)).toArray(String[]::new);
    try (LabProcess client = sample(pod, all)) {
      client.waitFor(END);
      return new Answers(String.join("\n", client.lines()));
    }
  }

  /// Asks from a pod with curl, on one connection where that is possible.
  ///
  /// @param words more options of curl; `[1-9]` in a URL are nine requests
  Answers curl(String pod, String url, String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("curl", "-sm", "30", "-w", "\n%{http_code} in %{time_total} s\n"));
    command.addAll(List.of(words));
    command.add(url);
    try (LabProcess client = start(pod, command)) {
      client.waitFor(END);
      return new Answers(String.join("\n", client.lines()));
    }
  }

  /// Waits until requests from a pod get a status.
  void await(String what, int status, String pod, String url, String... words) {
    Eventually.holds(
        what + " (" + status + ")",
        SOON,
        () -> curl(pod, url, words).statuses().containsKey(Integer.toString(status)));
  }

  /// Waits until connections from a pod end without an answer.
  void awaitRefused(String what, String pod, String url) {
    Eventually.holds(what, SOON, () -> curl(pod, url).statuses().containsKey("000"));
  }

  /// Opens connections from a pod to the port of flows of a service.
  ///
  /// @return how many were greeted how
  Map<String, Integer> greetings(String pod, String service, int connections) throws IOException {
    InetSocketAddress to = new InetSocketAddress(address(pod, service), FLOW);
    Map<String, Integer> counts = new TreeMap<>();
    try (Netns netns = Netns.open(Path.of(pod(pod).netns()))) {
      TcpClient client = new TcpClient(netns, SOON);
      for (int i = 0; i < connections; i++) {
        counts.merge(client.exchange(to, "hello"), 1, Integer::sum);
      }
    }
    return counts;
  }

  /// As the pod's hosts file says.
  private InetAddress address(String pod, String service) throws IOException {
    StatusReport.PodStatus in = pod(pod);
    Path hosts = options.instance().hosts().resolve(in.namespace() + "." + in.name());
    return Files.readAllLines(hosts).stream()
        .map(line -> List.of(line.strip().split("\\s+")))
        .filter(words -> words.subList(1, words.size()).contains(service))
        .map(words -> InetAddress.ofLiteral(words.getFirst()))
        .findFirst()
        .orElseThrow(() -> new IOException(hosts + ": no " + service + " (expected: a service)"));
  }

  /// How often a pod was asked for a path.
  int served(String pod, String path) throws IOException, InterruptedException {
    return JSON.readTree(inside(pod, "http://127.0.0.1:8080/served"))
        .path("served")
        .path(path)
        .asInt();
  }

  /// Sum of a metric of the waypoint: of all series whose line has all of `labels`.
  double waypointMetric(String name, String... labels) throws IOException, InterruptedException {
    return inside("waypoint", "http://127.0.0.1:15020/metrics")
        .lines()
        .filter(line -> line.startsWith(name + "{"))
        .filter(line -> Stream.of(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private String inside(String pod, String url) throws IOException, InterruptedException {
    try (LabProcess curl = start(pod, List.of("curl", "-sSfm", "5", url))) {
      int exit = curl.waitFor(END);
      String said = String.join("\n", curl.lines());
      if (exit != 0) {
        throw new IOException(pod + ": " + url + ": exit " + exit + ": " + said);
      }
      return said;
    }
  }

  /// Writes objects, as `kubectl apply` would; closing deletes them.
  Applied apply(String yaml) throws IOException {
    Path file = options.directory().resolve("90-test.yaml");
    StateFiles.replace(file, yaml);
    return new Applied(file);
  }

  /// As [#apply], for labels and annotations of objects that are there.
  Applied patch(String yaml) throws IOException {
    Path file = options.directory().resolve("91-test.patch.yaml");
    StateFiles.replace(file, yaml);
    return new Applied(file);
  }

  /// Objects of a test.
  ///
  /// @param file where they are
  record Applied(Path file) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      Files.delete(file);
    }
  }

  /// Waits until the waypoint knows that many routes and traffic policies.
  void awaitConfigured(int routes, int trafficPolicies) {
    Eventually.holds(
        "the waypoint has " + routes + " routes, " + trafficPolicies + " traffic policies",
        SOON,
        () -> {
          JsonNode dump = dump();
          return dump.path("routes").size() == routes
              && dump.path("trafficPolicies").size() == trafficPolicies;
        });
  }

  private JsonNode dump() throws IOException, InterruptedException {
    return JSON.readTree(inside("waypoint", "http://127.0.0.1:15000/config_dump"));
  }

  /// Waits until nothing of a test is left: everybody is served by everything.
  void awaitAsItWas() {
    awaitConfigured(0, 0);
    Eventually.holds("no policy is left", SOON, () -> dump().path("policies").isEmpty());
    for (String url : List.of(WEB, DETAILS, REVIEWS, RATINGS)) {
      String pod = url.equals(RATINGS) ? "web" : "ratings";
      await(url + " answers", 200, pod, url, "-H", "x-user: jason");
    }
    await("the waypoint can be walked around again", 200, "outside/client", "http://web.bookshop/");
  }

  @Override
  public void close() throws IOException {
    keepLogs();
    Runtime.getRuntime().removeShutdownHook(undo);
    Held.end(options.instance());
  }

  /// To look at when something is wrong: `ADIT_SCENARIO_LOGS` names a directory.
  private void keepLogs() throws IOException {
    String directory = System.getenv("ADIT_SCENARIO_LOGS");
    if (directory == null || !Files.isDirectory(options.instance().logs())) {
      return;
    }
    try (Stream<Path> logs = Files.list(options.instance().logs())) {
      for (Path log : logs.toList()) {
        Files.writeString(Path.of(directory, "shop-" + log.getFileName()), Files.readString(log));
      }
    }
  }

  /// Gives the mesh to constructors and methods; it is ended after the last test of all.
  static final class Extension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == ShopMesh.class;
    }

    @Override
    public ShopMesh resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(ShopMesh.class))
          .computeIfAbsent(ShopMesh.class, _ -> started(), ShopMesh.class);
    }
  }
}
