package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A waypoint for the shop: into its path, what it does there, its end.
///
/// Each journey after the first declares the waypoint if it is not there, so that each can be
/// walked alone; the last one takes it away whatever happened.
///
/// @param cluster the cluster
/// @param user who types
/// @param nodes where a process is killed
record Waypoints(Cluster cluster, UsersCommand user, Nodes nodes) {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration GONE = Duration.ofSeconds(90);
  private static final String NAME = "waypoint";
  private static final String USE = "istio.io/use-waypoint";
  private static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";
  private static final String GATEWAY_API = "gateway.networking.k8s.io/v1";
  private static final String DETAILS = "http://details.bookshop:8080/";
  private static final String REVIEWS = "http://reviews.bookshop:8080/";
  private static final String RATINGS = "http://ratings.bookshop:8080/";
  private static final String JASON = "x-user: jason";

  /// Of these a tenth is 30; less than 12 or more than 48 happens once in some thousand runs.
  private static final int MANY = 300;

  private static final int FEWEST = 12;
  private static final int MOST = 48;
  private static final Pattern STATUS = Pattern.compile("(?m)^(\\d{3}) in \\d+ ms");
  private static final Pattern VERSION = Pattern.compile("\"version\":\"(v\\d)\"");

  List<Journey> journeys() {
    return List.of(
        new Journey("waypoint apply", false, this::apply),
        new Journey("split 90/10", false, () -> there(this::split)),
        new Journey("header route, fault", false, () -> there(this::header)),
        new Journey("deny DELETE", false, () -> there(this::deny)),
        new Journey("rate limit", false, () -> there(this::limit)),
        new Journey("token", false, () -> there(this::token)),
        new Journey("waypoint killed", false, () -> there(this::killed)),
        new Journey("rollout of the waypoint", false, () -> there(this::rollout)),
        new Journey("waypoint delete", false, () -> there(this::delete)));
  }

  private void require() throws JourneySkipped {
    for (String kind : List.of("gateways", "httproutes")) {
      if (!cluster.defines(kind + ".gateway.networking.k8s.io")) {
        throw new JourneySkipped("the cluster has no Gateway API (" + kind + ")");
      }
    }
  }

  private String there(Journey.Steps steps) throws Exception {
    require();
    boolean declared = !cluster.conditions(GATEWAY_API, "Gateway", Cluster.SHOP, NAME).isEmpty();
    if (!declared) {
      declare();
    }
    return steps.walk();
  }

  /// Into the path of every service of the shop, while they are asked.
  private String apply() throws Exception {
    require();
    if (cluster.pods(Cluster.SHOP, GATEWAY_NAME, NAME).isEmpty()) {
      requireCaptured();
    }
    return UnderLoad.all(cluster).during(this::declare) + "; " + bound();
  }

  private void requireCaptured() throws JourneyFailed {
    if (!cluster.pods(Cluster.SHOP).stream().allMatch(Cluster::captured)) {
      throw new JourneyFailed("the shop is not in the mesh (expected: walk \"label\" first)");
    }
  }

  private void declare() throws Exception {
    String said;
    try {
      said = user.adit("waypoint", "apply", "-n", Cluster.SHOP, "--enroll-namespace", "--wait");
    } catch (JourneyFailed e) {
      throw new JourneyFailed(e.getMessage() + "; " + why());
    }
    if (!said.contains("is ready") || !said.contains("labeled with \"" + USE)) {
      throw new JourneyFailed("adit waypoint apply: " + said);
    }
    var _ = bound();
    awaitPath("waypoint", "from ratings to the waypoint");
  }

  /// What a user sees of it.
  private String bound() throws Exception {
    List<String> gateway = new ArrayList<>();
    Cluster.await(
        "Gateway waypoint is Programmed",
        SOON,
        () -> {
          gateway.clear();
          gateway.addAll(cluster.conditions(GATEWAY_API, "Gateway", Cluster.SHOP, NAME));
          return gateway.stream().anyMatch(each -> each.startsWith("Programmed=True"));
        },
        this::why);
    Duration took =
        Cluster.await(
            "all services are WaypointBound",
            SOON,
            () ->
                List.of("web", "details", "reviews", "ratings").stream()
                    .allMatch(service ->
                        cluster.conditions("v1", "Service", Cluster.SHOP, service).stream()
                            .anyMatch(each -> each.startsWith("istio.io/WaypointBound=True"))),
            this::why);
    return String.format(
        Locale.ROOT, "Programmed, WaypointBound after %.1f s", took.toMillis() / 1e3);
  }

  /// Everything that tells why there is no waypoint.
  private String why() {
    List<String> all = new ArrayList<>();
    all.add("gateway " + cluster.conditions(GATEWAY_API, "Gateway", Cluster.SHOP, NAME));
    all.add("web " + cluster.conditions("v1", "Service", Cluster.SHOP, "web"));
    for (Pod pod : cluster.pods(Cluster.SHOP, GATEWAY_NAME, NAME)) {
      all.add(
          pod.getMetadata().getName()
              + (Cluster.ready(pod) ? " is ready" : " is not ready")
              + pod.getStatus().getContainerStatuses().stream()
                  .map(status -> status.getState().getWaiting())
                  .filter(waiting -> waiting != null)
                  .map(waiting -> ": " + waiting.getReason() + " " + waiting.getMessage())
                  .toList());
    }
    return String.join("; ", all);
  }

  /// Waits for a connection from `ratings` whose other end in the mesh is this account.
  private Duration awaitPath(String account, String what) throws Exception {
    return Cluster.await(
        "a log line of a ztunnel of a connection " + what,
        SOON,
        () -> {
          var _ = get(Entering.WEB);
          return cluster
              .logs("ztunnel", 5)
              .lines()
              .anyMatch(line ->
                  line.contains("/ns/bookshop/sa/ratings\"")
                      && line.contains("/ns/bookshop/sa/" + account + "\"")
                      && line.contains("direction=\"outbound\""));
        },
        this::why);
  }

  /// What the sample's client in `ratings` printed.
  private String get(String url, String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("bookshop", "client", "get", url));
    words.addAll(List.of("--timeout", "5000"));
    words.addAll(List.of(options));
    return cluster.exec(Cluster.SHOP, "ratings", words.toArray(String[]::new)).out();
  }

  private String split() throws Exception {
    cluster.apply(WaypointYaml.VERSIONS);
    cluster.apply(WaypointYaml.SPLIT);
    try {
      awaitNoV3("the route of reviews");
      String said = get(REVIEWS, "--times", Integer.toString(MANY));
      Map<String, Integer> versions = counted(VERSION, said);
      int second = versions.getOrDefault("v2", 0);
      boolean all = second + versions.getOrDefault("v1", 0) == MANY;
      if (!all || second < FEWEST || second > MOST) {
        throw new JourneyFailed(
            MANY
                + " requests: "
                + versions
                + " (expected: v1 and v2, of v2 "
                + FEWEST
                + " to "
                + MOST
                + "), statuses "
                + counted(STATUS, said)
                + "; "
                + route());
      }
      return MANY + " requests: " + versions + "; " + route();
    } finally {
      cluster.delete(WaypointYaml.SPLIT);
      cluster.delete(WaypointYaml.VERSIONS);
    }
  }

  private String route() {
    return "HTTPRoute " + cluster.conditions(GATEWAY_API, "HTTPRoute", Cluster.SHOP, "reviews");
  }

  /// Without a route a third of the answers is v3's: none of twenty is no accident.
  private void awaitNoV3(String what) throws Exception {
    String[] said = {""};
    Cluster.await(
        what + " is followed",
        SOON,
        () -> {
          said[0] = get(REVIEWS, "--times", "20");
          Map<String, Integer> versions = counted(VERSION, said[0]);
          return !versions.isEmpty() && !versions.containsKey("v3");
        },
        () -> said[0].lines().limit(2).toList() + "; " + route());
  }

  private static Map<String, Integer> counted(Pattern pattern, String text) {
    Map<String, Integer> counts = new TreeMap<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      counts.merge(matcher.group(1), 1, Integer::sum);
    }
    return counts;
  }

  private String header() throws Exception {
    cluster.apply(WaypointYaml.FOR_JASON);
    try {
      awaitNoV3("the VirtualService of reviews");
      require("others", VERSION, Map.of("v1", 20), get(REVIEWS, "--times", "20"));
      require("jason", VERSION, Map.of("v2", 20), get(REVIEWS, "--header", JASON, "--times", "20"));
      awaitStatuses("jason is refused by ratings", RATINGS, Map.of("503", 5), "--header", JASON);
      require("others", STATUS, Map.of("200", 5), get(RATINGS, "--times", "5"));
      return "jason 20 of 20 from v2 and 503 from ratings, others v1 and 200";
    } finally {
      cluster.delete(WaypointYaml.FOR_JASON);
      awaitStatuses("ratings answers again", RATINGS, Map.of("200", 5), "--header", JASON);
    }
  }

  private static void require(
      String who, Pattern pattern, Map<String, Integer> expected, String said)
      throws JourneyFailed {
    Map<String, Integer> counts = counted(pattern, said);
    if (!counts.equals(expected)) {
      throw new JourneyFailed(
          who + ": " + counts + " (expected: " + expected + "): " + said.lines().limit(3).toList());
    }
  }

  private Duration awaitStatuses(
      String what, String url, Map<String, Integer> expected, String... options) throws Exception {
    int times = expected.values().stream().mapToInt(Integer::intValue).sum();
    List<String> words = new ArrayList<>(List.of(options));
    words.addAll(List.of("--times", Integer.toString(times)));
    String[] said = {""};
    return Cluster.await(
        what,
        SOON,
        () -> {
          said[0] = get(url, words.toArray(String[]::new));
          return counted(STATUS, said[0]).equals(expected);
        },
        () -> said[0].lines().limit(3).toList().toString());
  }

  /// Refused by method, in words; what is allowed goes on; nobody gets around the waypoint.
  private String deny() throws Exception {
    Duration[] took = {Duration.ZERO};
    try {
      String counts =
          UnderLoad.of(cluster, "new")
              .during(() -> {
                cluster.apply(WaypointYaml.NO_DELETE);
                took[0] =
                    awaitStatuses(
                        "DELETE is refused", Entering.WEB, Map.of("403", 3), "--method", "DELETE");
              });
      String said = get(Entering.WEB, "--method", "DELETE");
      if (!said.contains("RBAC: access denied")) {
        throw new JourneyFailed("DELETE: " + said + " (expected: RBAC: access denied)");
      }
      explained();
      Cluster.await(
          "a client outside of the mesh does not get around the waypoint",
          SOON,
          () -> fromOutside() == Asked.REFUSED);
      return String.format(
          Locale.ROOT,
          "DELETE 403 RBAC: access denied after %.1f s, explained, around the waypoint refused; GET: %s",
          took[0].toMillis() / 1e3,
          counts);
    } finally {
      cluster.delete(WaypointYaml.NO_DELETE);
      Cluster.await("open again", SOON, () -> fromOutside() == Asked.ANSWERED);
    }
  }

  /// The user asks why.
  private void explained() throws Exception {
    String allowed = user.adit("explain", "bookshop/ratings", "bookshop/web:80");
    if (!allowed.contains("ALLOWED")) {
      throw new JourneyFailed("adit explain of GET: " + allowed);
    }
    String refused;
    try {
      refused = user.adit("explain", "bookshop/ratings", "bookshop/web:80", "--method", "DELETE");
    } catch (JourneyFailed e) {
      // Its exit code is 1 for what is refused.
      refused = String.valueOf(e.getMessage());
    }
    if (!refused.contains("exit 1")
        || !refused.contains("403 by policy bookshop/no-delete rule 0")) {
      throw new JourneyFailed("adit explain of DELETE: " + refused);
    }
  }

  private Asked fromOutside() throws Exception {
    return Asked.of(
        cluster.exec(
            Cluster.OUTSIDE,
            "client",
            "bookshop",
            "client",
            "get",
            Entering.WEB,
            "--timeout",
            "2000"));
  }

  private String limit() throws Exception {
    cluster.apply(WaypointYaml.FIVE_A_MINUTE);
    try {
      String[] said = {""};
      Cluster.await(
          "requests above the limit get 429",
          SOON,
          () -> {
            said[0] = get(DETAILS, "--times", "12");
            return counted(STATUS, said[0]).containsKey("429");
          },
          () -> said[0].lines().limit(3).toList().toString());
      Map<String, Integer> statuses = counted(STATUS, said[0]);
      if (!List.of("200", "429").containsAll(statuses.keySet())) {
        throw new JourneyFailed("statuses " + statuses + " (expected: 200 and 429)");
      }
      return "12 requests: " + statuses;
    } finally {
      cluster.delete(WaypointYaml.FIVE_A_MINUTE);
      awaitStatuses("no limit any more", DETAILS, Map.of("200", 12));
    }
  }

  /// Nobody without a token of the issuer, nor with another's, nor without the claim.
  private String token() throws Exception {
    TokenIssuer issuer = TokenIssuer.create();
    String yaml = WaypointYaml.onlyWithToken(TokenIssuer.NAME, issuer.keys());
    cluster.apply(yaml);
    try {
      Duration took =
          awaitStatuses("a request without a token is refused", DETAILS, Map.of("403", 3));
      awaitStatuses("a reader is served", DETAILS, Map.of("200", 3), bearer(issuer, "readers"));
      awaitStatuses("a writer is refused", DETAILS, Map.of("403", 3), bearer(issuer, "writers"));
      awaitStatuses(
          "a token that somebody else has signed is refused",
          DETAILS,
          Map.of("401", 3),
          bearer(TokenIssuer.create(), "readers"));
      return String.format(
          Locale.ROOT,
          "no token 403 after %.1f s, reader 200, writer 403, forged 401",
          took.toMillis() / 1e3);
    } finally {
      cluster.delete(yaml);
      awaitStatuses("no token is asked for any more", DETAILS, Map.of("200", 5));
    }
  }

  private static String[] bearer(TokenIssuer issuer, String group) throws Exception {
    return new String[] {"--header", "Authorization: Bearer " + issuer.token(group)};
  }

  private void two() throws Exception {
    cluster.scale(Cluster.SHOP, NAME, 2);
    cluster.awaitDeployments(Cluster.SHOP, START);
  }

  /// One of two is gone from one moment to the next. What was in its hands is lost, and a client
  /// may repeat it.
  private String killed() throws Exception {
    nodes.await();
    two();
    Pod victim = cluster.pods(Cluster.SHOP, GATEWAY_NAME, NAME).getFirst();
    String name = victim.getMetadata().getName();
    int before = Cluster.restarts(List.of(victim));
    String counts =
        UnderLoad.at(cluster, DETAILS, List.of("--repeats", "1"), "new", "keepalive", "open")
            .during(() -> {
              int processes = nodes.kill(victim);
              if (processes == 0) {
                throw new JourneyFailed(name + ": no process was found on its node");
              }
              Cluster.await(
                  name + " runs again",
                  GONE,
                  () ->
                      cluster.pods(Cluster.SHOP, GATEWAY_NAME, NAME).stream()
                          .filter(pod -> pod.getMetadata().getName().equals(name))
                          .anyMatch(
                              pod -> Cluster.ready(pod) && Cluster.restarts(List.of(pod)) > before),
                  this::why);
            });
    return "SIGKILL to one of two, requests repeated once at most: " + counts;
  }

  private String rollout() throws Exception {
    two();
    return UnderLoad.all(cluster)
        .during(() -> {
          cluster.restartDeployment(Cluster.SHOP, NAME);
          cluster.awaitDeployments(Cluster.SHOP, START);
          Cluster.await(
              "the former pods are gone",
              GONE,
              () ->
                  cluster.client().pods().inNamespace(Cluster.SHOP).list().getItems().stream()
                      .noneMatch(pod -> pod.getMetadata().getDeletionTimestamp() != null));
        });
  }

  /// Traffic goes straight to the workloads again.
  private String delete() throws Exception {
    Duration[] direct = {Duration.ZERO};
    try {
      String counts =
          UnderLoad.all(cluster)
              .during(() -> {
                String _ = user.adit("waypoint", "delete", NAME, "-n", Cluster.SHOP);
                Cluster.await(
                    "no pod of the waypoint is left",
                    GONE,
                    () ->
                        cluster.client().pods().inNamespace(Cluster.SHOP).list().getItems().stream()
                            .noneMatch(pod ->
                                NAME.equals(pod.getMetadata().getLabels().get(GATEWAY_NAME))),
                    this::why);
                direct[0] = awaitPath("web", "from ratings to web");
              });
      return String.format(
          Locale.ROOT, "direct again (seen after %.1f s): %s", direct[0].toMillis() / 1e3, counts);
    } finally {
      cluster.label(Cluster.SHOP, USE, null);
      cluster.delete(WaypointYaml.GATEWAY);
    }
  }
}
