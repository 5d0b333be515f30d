package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.Backend;
import adit.protos.l7.LoadBalancer;
import adit.protos.l7.Parent;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.SessionPersistence;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.WorkloadLabels;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Locality;
import adit.protos.workload.Service;
import adit.protos.workload.Workload;
import adit.protos.workload.WorkloadStatus;
import adit.testkit.Eventually;
import adit.testkit.WireResources;
import adit.xds.TypeUrls;
import com.google.protobuf.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which endpoint gets a request: the client's own, a near one, a warm one; through the whole
/// program.
final class BalancingTest {
  private static final String A = "shop/a.shop.svc.cluster.local";
  private static final Pattern COOKIE = Pattern.compile("(?m)^set-cookie: (tie=([^;\r]+)[^\r]*)");

  private LoopMesh mesh;
  private TextBackend first;
  private TextBackend second;
  private Service.Builder service;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    first = TextBackend.start("127.0.0.2", "first");
    second = TextBackend.start("127.0.0.3", first.port(), "second");
    mesh.serveNode("127.0.0.3", mesh.hbone(), LoopMesh.identity("backend"));
    service = LoopMesh.service("a", 80, first.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
  }

  @AfterEach
  void close() throws Exception {
    first.close();
    second.close();
    mesh.close();
  }

  private void traffic(LoadBalancer.Builder balancer) {
    TrafficPolicy.Builder policy =
        TrafficPolicy.newBuilder().setNamespace("shop").setName("d").addServices(A);
    policy.getSettingsBuilder().setLoadBalancer(balancer);
    mesh.put(TypeUrls.TRAFFIC_POLICY, "shop/d", policy.build());
  }

  private void session(SessionPersistence.Builder session) {
    Rule.Builder rule =
        Rule.newBuilder()
            .addBackends(Backend.newBuilder().setService(A).setPort(80).setWeight(1))
            .setSession(session.setName("tie"));
    mesh.put(
        Route.newBuilder()
            .setKind(Route.Kind.HTTP_ROUTE)
            .setNamespace("shop")
            .setName("r")
            .addParents(Parent.newBuilder().setService(A))
            .addHttp(rule));
  }

  private String get(String... headers) throws Exception {
    StringBuilder request = new StringBuilder("GET / HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return mesh.connect("10.96.0.1:80")
        .send(request.append("Connection: close\r\n\r\n").toString())
        .awaitEnd();
  }

  private static String server(String answer) {
    assertThat(answer).startsWith("HTTP/1.1 200 ");
    return answer.contains("first GET") ? "first" : "second";
  }

  private int requestsTo(String name, int of) throws Exception {
    int hits = 0;
    for (int i = 0; i < of; i++) {
      hits += server(get()).equals(name) ? 1 : 0;
    }
    return hits;
  }

  private static Matcher cookie(String answer) {
    Matcher cookie = COOKIE.matcher(answer);
    assertThat(cookie.find()).as("a cookie in %s", answer).isTrue();
    return cookie;
  }

  @Test
  void session_byCookie_keepsTheClientAtItsEndpoint() throws Exception {
    mesh.publish(service, "127.0.0.2", "127.0.0.3");
    session(SessionPersistence.newBuilder().setKind(SessionPersistence.Kind.COOKIE));
    Set<String> met = new HashSet<>();

    for (int client = 0; client < 12; client++) {
      String begin = get();
      Matcher cookie = cookie(begin);
      assertThat(cookie.group(1)).endsWith("; Path=/; HttpOnly");
      met.add(server(begin));
      for (int i = 0; i < 3; i++) {
        String again = get("Cookie: x=y; tie=" + cookie.group(2));
        assertThat(server(again)).isEqualTo(server(begin));
        assertThat(again).doesNotContain("set-cookie");
      }
    }
    assertThat(met).hasSize(2);
  }

  @Test
  void session_whoseEndpointHasLeft_goesOnElsewhere() throws Exception {
    mesh.publish(service, "127.0.0.2");
    session(
        SessionPersistence.newBuilder()
            .setKind(SessionPersistence.Kind.COOKIE)
            .setPermanent(true)
            .setAbsoluteTimeout(Duration.newBuilder().setSeconds(3600)));
    Matcher before = cookie(get());
    assertThat(before.group(1)).contains("; Max-Age=3600;");
    place(workload("127.0.0.3"));
    place(workload("127.0.0.2").setStatus(WorkloadStatus.UNHEALTHY));

    String answer = get("Cookie: tie=" + before.group(2));

    assertThat(server(answer)).isEqualTo("second");
    assertThat(cookie(answer).group(2)).isNotEqualTo(before.group(2));
  }

  @Test
  void session_thatIsTooOldOrNotOurs_beginsAnew() throws Exception {
    mesh.publish(service, "127.0.0.2");
    session(
        SessionPersistence.newBuilder()
            .setKind(SessionPersistence.Kind.COOKIE)
            .setAbsoluteTimeout(Duration.newBuilder().setSeconds(60)));
    String token = cookie(get()).group(2);

    assertThat(get("Cookie: tie=" + token)).doesNotContain("set-cookie");
    String old = token.substring(0, token.indexOf('.')) + ".1.1";
    for (String bad : new String[] {old, "0.0", "..", "x.-.z", "a".repeat(5_000)}) {
      assertThat(get("Cookie: tie=" + bad)).contains("set-cookie: tie=" + token.substring(0, 16));
    }
  }

  @Test
  void session_byHeader_keepsTheClientAtItsEndpoint() throws Exception {
    mesh.publish(service, "127.0.0.2", "127.0.0.3");
    session(SessionPersistence.newBuilder().setKind(SessionPersistence.Kind.HEADER));

    for (int client = 0; client < 8; client++) {
      String begin = get();
      Matcher header = Pattern.compile("(?m)^tie: ([^\r]+)").matcher(begin);
      assertThat(header.find()).isTrue();
      for (int i = 0; i < 3; i++) {
        assertThat(server(get("Tie: " + header.group(1)))).isEqualTo(server(begin));
      }
    }
  }

  @Test
  void cookieThatIsHashed_isGivenToAClientWithoutIt() throws Exception {
    mesh.publish(service, "127.0.0.2", "127.0.0.3");
    LoadBalancer.Builder balancer = LoadBalancer.newBuilder();
    balancer
        .getConsistentHashBuilder()
        .getCookieBuilder()
        .setName("tie")
        .setPath("/shop")
        .setTtl(Duration.newBuilder().setSeconds(90));
    traffic(balancer);

    for (int client = 0; client < 8; client++) {
      String begin = get();
      Matcher cookie = cookie(begin);
      assertThat(cookie.group(1)).endsWith("; Path=/shop; Max-Age=90; HttpOnly");
      for (int i = 0; i < 3; i++) {
        String again = get("Cookie: tie=" + cookie.group(2));
        assertThat(server(again)).isEqualTo(server(begin));
        assertThat(again).doesNotContain("set-cookie");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"ROUND_ROBIN, true", "LEAST_REQUEST, true", "RANDOM, true", "ROUND_ROBIN, false"})
  void newEndpoint_getsItsShareWithTime(LoadBalancer.Simple simple, boolean slow) throws Exception {
    mesh.publish(service, "127.0.0.2");
    LoadBalancer.Builder balancer = LoadBalancer.newBuilder().setSimple(simple);
    if (slow) {
      balancer
          .setWarmup(Duration.newBuilder().setSeconds(36_000))
          .setWarmupMinimumPercent(2)
          .setWarmupAggression(1);
    }
    traffic(balancer);
    assertThat(requestsTo("first", 3)).isEqualTo(3);
    place(workload("127.0.0.3"));

    int toTheNewOne = requestsTo("second", 60);

    if (slow) {
      // 2 of 102 shares; 12 or more would be a chance of one in a hundred million.
      assertThat(toTheNewOne).isLessThan(12);
    } else {
      assertThat(toTheNewOne).isBetween(29, 31);
    }
  }

  // ---- Places.

  private static Workload.Builder workload(String address) {
    return WireResources.workload("shop", "a-" + address, "backend", "n1", LoopMesh.ip(address));
  }

  /// An endpoint of the service, known when this returns.
  private void place(Workload.Builder workload) {
    Workload wire = WireResources.endpointOf(service, workload).build();
    mesh.plane.put(WireResources.address(wire.toBuilder()));
    Eventually.holds(
        "the waypoint knows " + wire.getUid(),
        LoopMesh.PATIENCE,
        () -> {
          var known = mesh.waypoint.board().now().mesh().workloadByUid(wire.getUid());
          return known != null
              && known.healthy() == (wire.getStatus() == WorkloadStatus.HEALTHY)
              && known.placement().locality().zone().equals(wire.getLocality().getZone());
        });
  }

  private static Locality in(String region, String zone) {
    return Locality.newBuilder().setRegion(region).setZone(zone).build();
  }

  /// We are in zone r1/z1, the first backend in r1/z2, the second in r2/z3.
  private void places() {
    mesh.plane.put(WireResources.address(service));
    place(workload("127.0.0.2").setLocality(in("r1", "z2")));
    place(workload("127.0.0.3").setLocality(in("r2", "z3")));
    Service.Builder own = WireResources.service("shop", "waypoint", 15008, 15008);
    mesh.plane.put(
        WireResources.address(
            WireResources.endpointOf(
                own,
                WireResources.workload(
                        "shop", "waypoint-1", "waypoint", "n1", LoopMesh.ip("127.0.0.1"))
                    .setLocality(in("r1", "z1")))));
    Eventually.holds(
        "the waypoint knows where it is",
        LoopMesh.PATIENCE,
        () -> {
          var known =
              mesh.waypoint.board().now().mesh().workloadByUid("Kubernetes//Pod/shop/waypoint-1");
          return known != null && known.placement().locality().zone().equals("z1");
        });
  }

  private static LoadBalancer.Builder near() {
    LoadBalancer.Builder balancer = LoadBalancer.newBuilder();
    balancer.getLocalityBuilder().setDisabled(false);
    return balancer;
  }

  @Test
  void nearEndpoints_getAll_untilTheyAreGone() throws Exception {
    places();
    traffic(near());

    assertThat(requestsTo("first", 20)).isEqualTo(20);

    place(workload("127.0.0.2").setLocality(in("r1", "z2")).setStatus(WorkloadStatus.UNHEALTHY));
    assertThat(requestsTo("second", 5)).isEqualTo(5);
  }

  @Test
  void nearEndpoints_whereThatIsOff_areAsGoodAsOthers() throws Exception {
    places();
    LoadBalancer.Builder balancer = near();
    balancer.getLocalityBuilder().setDisabled(true);
    traffic(balancer);

    // One of 2^40 that all go the same way.
    assertThat(requestsTo("first", 40)).isBetween(1, 39);
  }

  @Test
  void shares_areAsTheyAreSaid() throws Exception {
    places();
    LoadBalancer.Builder balancer = near();
    balancer
        .getLocalityBuilder()
        .addDistribute(
            LoadBalancer.Distribute.newBuilder()
                .setFrom("r1/*")
                .putAllTo(Map.of("r1/z2/*", 10, "r2/*", 90)));
    traffic(balancer);

    assertThat(requestsTo("second", 60)).isGreaterThan(40);
  }

  @Test
  void share_ofNothing_isNothing() throws Exception {
    places();
    LoadBalancer.Builder balancer = near();
    balancer
        .getLocalityBuilder()
        .addDistribute(
            LoadBalancer.Distribute.newBuilder().setFrom("r1/z1/*").putTo("r2/z3/*", 100));
    traffic(balancer);

    assertThat(requestsTo("second", 20)).isEqualTo(20);
  }

  @Test
  void priority_ofALabel_comesBeforePlaces() throws Exception {
    places();
    label("waypoint-1", "v2");
    label("a-127.0.0.2", "v1");
    label("a-127.0.0.3", "v2");
    LoadBalancer.Builder balancer = near();
    balancer
        .getLocalityBuilder()
        .addFailoverPriority("version")
        .addFailoverPriority("topology.kubernetes.io/region");
    traffic(balancer);

    assertThat(requestsTo("second", 20)).isEqualTo(20);

    place(workload("127.0.0.3").setLocality(in("r2", "z3")).setStatus(WorkloadStatus.UNHEALTHY));
    assertThat(requestsTo("first", 5)).isEqualTo(5);
  }

  private void label(String pod, String version) {
    String uid = "Kubernetes//Pod/shop/" + pod;
    mesh.put(
        TypeUrls.WORKLOAD_LABELS,
        uid,
        WorkloadLabels.newBuilder().setWorkload(uid).putLabels("version", version).build());
  }
}
