package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.Backend;
import adit.protos.l7.Fault;
import adit.protos.l7.LoadBalancer;
import adit.protos.l7.Match;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.StreamMatch;
import adit.protos.l7.StreamRule;
import adit.protos.l7.Subset;
import adit.protos.l7.Timeouts;
import adit.protos.l7.TrafficPolicy;
import adit.protos.l7.TrafficSettings;
import adit.protos.l7.WorkloadLabels;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.xds.TypeUrls;
import com.google.protobuf.Duration;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What happens when backends fail, are slow, or are too many; through the whole program.
final class ResilienceTest {
  private static final String A = "shop/a.shop.svc.cluster.local";

  private LoopMesh mesh;
  private TextBackend first;
  private TextBackend second;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    first = TextBackend.start("127.0.0.2", "first");
    second = TextBackend.start("127.0.0.3", first.port(), "second");
    mesh.serveNode("127.0.0.3", mesh.hbone(), LoopMesh.identity("backend"));
  }

  @AfterEach
  void close() throws Exception {
    first.close();
    second.close();
    mesh.close();
  }

  private void publish(String... addresses) {
    Service.Builder service = LoopMesh.service("a", 80, first.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(service, addresses);
  }

  private void route(Rule.Builder... rules) {
    Route.Builder route =
        Route.newBuilder()
            .setKind(Route.Kind.HTTP_ROUTE)
            .setNamespace("shop")
            .setName("r")
            .addParents(Parent.newBuilder().setService(A));
    for (Rule.Builder rule : rules) {
      route.addHttp(rule);
    }
    mesh.put(route);
  }

  private static Rule.Builder rule() {
    return Rule.newBuilder().addBackends(to(""));
  }

  private static Backend.Builder to(String subset) {
    return Backend.newBuilder().setService(A).setPort(80).setWeight(1).setSubset(subset);
  }

  private void traffic(TrafficPolicy.Builder policy) {
    mesh.put(
        TypeUrls.TRAFFIC_POLICY,
        "shop/d",
        policy.setNamespace("shop").setName("d").addServices(A).build());
  }

  private String get(String path, String... headers) throws Exception {
    return send("GET " + path, headers).awaitEnd();
  }

  private RawClient send(String line, String... headers) throws Exception {
    StringBuilder request = new StringBuilder(line + " HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return mesh.connect("10.96.0.1:80")
        .send(request.append("Connection: close\r\n\r\n").toString());
  }

  private static Duration millis(int millis) {
    return Duration.newBuilder()
        .setSeconds(millis / 1000)
        .setNanos(millis % 1000 * 1_000_000)
        .build();
  }

  @Test
  void backend_thatDoesNotAnswerInTime_is504() throws Exception {
    publish("127.0.0.2");
    route(rule().setTimeouts(Timeouts.newBuilder().setRequest(millis(300))));

    assertThat(get("/never")).startsWith("HTTP/1.1 504 ").contains("upstream request timeout");
  }

  @Test
  void answer_thatIsWorthAnotherAttempt_comesFromTheOtherEndpoint() throws Exception {
    publish("127.0.0.2", "127.0.0.3");
    Rule.Builder rule = rule();
    rule.getRetryBuilder().setAttempts(2).addRetryOn("5xx").setBackoff(millis(1));
    route(rule);

    for (int i = 0; i < 10; i++) {
      String answer =
          mesh.connect("10.96.0.1:80")
              .send(
                  "POST /fail-first HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                      + "Connection: close\r\n\r\nbody")
              .awaitEnd();
      assertThat(answer).contains("second POST /fail-first").contains("body");
    }
  }

  @Test
  void answer_thatFails_isNotRepeatedUnlessAsked() throws Exception {
    publish("127.0.0.2");

    assertThat(get("/fail-first")).startsWith("HTTP/1.1 500 ");
    assertThat(first.served()).hasSize(1);
  }

  @Test
  void backend_thatCutsTheConnection_is503_andItsConnectionIsNotKept() throws Exception {
    publish("127.0.0.2");

    assertThat(send("POST /cut").awaitEnd())
        .startsWith("HTTP/1.1 503 ")
        .contains("connection termination");
    assertThat(get("/x")).contains("first GET /x");
  }

  @Test
  void backend_thatCutsInTheBody_makesTheAnswerIncomplete() throws Exception {
    publish("127.0.0.2");

    assertThat(get("/cut-body")).endsWith("!stream reset by peer, error code 2");
  }

  @Test
  void keptConnection_thatTheBackendHasClosed_costsNoRequest() throws Exception {
    publish("127.0.0.2");
    assertThat(get("/last")).contains("first GET /last");

    for (int i = 0; i < 5; i++) {
      assertThat(get("/last")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void fault_delaysAndAborts() throws Exception {
    publish("127.0.0.2");
    route(
        rule()
            .addMatches(Match.newBuilder().setPath(PathMatch.newBuilder().setExact("/abort")))
            .setFault(Fault.newBuilder().setAbort(Fault.Abort.newBuilder().setHttpStatus(418))),
        rule()
            .addMatches(Match.newBuilder().setPath(PathMatch.newBuilder().setExact("/delay")))
            .setFault(Fault.newBuilder().setDelay(Fault.Delay.newBuilder().setFixed(millis(300)))));

    assertThat(get("/abort")).startsWith("HTTP/1.1 418 ").contains("fault filter abort");
    assertThat(first.served()).isEmpty();
    long start = System.nanoTime();
    assertThat(get("/delay")).contains("first GET /delay");
    assertThat(System.nanoTime() - start).isGreaterThan(300_000_000L);
  }

  @Test
  void subset_isOfTheEndpointsWithItsLabels() throws Exception {
    publish("127.0.0.2", "127.0.0.3");
    String uid = "Kubernetes//Pod/shop/a-127.0.0.3";
    mesh.put(
        TypeUrls.WORKLOAD_LABELS,
        uid,
        WorkloadLabels.newBuilder().setWorkload(uid).putLabels("version", "v2").build());
    traffic(
        TrafficPolicy.newBuilder()
            .addSubsets(Subset.newBuilder().setName("v2").putLabels("version", "v2"))
            .addSubsets(Subset.newBuilder().setName("v3").putLabels("version", "v3")));
    route(
        Rule.newBuilder()
            .addMatches(Match.newBuilder().setPath(PathMatch.newBuilder().setPrefix("/v2")))
            .addBackends(to("v2")),
        Rule.newBuilder().addBackends(to("v3")));

    for (int i = 0; i < 10; i++) {
      assertThat(get("/v2")).contains("second GET /v2");
    }
    assertThat(get("/v3")).startsWith("HTTP/1.1 503 ").contains("no healthy upstream");
  }

  @Test
  void endpoint_thatFailsTooOften_isLeftAlone() throws Exception {
    publish("127.0.0.2", "127.0.0.3");
    TrafficPolicy.Builder policy = TrafficPolicy.newBuilder();
    policy
        .getSettingsBuilder()
        .getOutlierDetectionBuilder()
        .setConsecutive5Xx(2)
        .setBaseEjectionTime(Duration.newBuilder().setSeconds(600));
    traffic(policy);

    int failures = 0;
    for (int i = 0; i < 40; i++) {
      failures += get("/fail-first").startsWith("HTTP/1.1 500 ") ? 1 : 0;
    }

    assertThat(failures).isEqualTo(2);
  }

  @Test
  void endpoint_thatIsLeftAlone_isAskedAgain_whenNobodyWantsThatAnyMore() throws Exception {
    publish("127.0.0.2", "127.0.0.3");
    TrafficPolicy.Builder policy = TrafficPolicy.newBuilder();
    policy
        .getSettingsBuilder()
        .getOutlierDetectionBuilder()
        .setConsecutive5Xx(1)
        .setBaseEjectionTime(Duration.newBuilder().setSeconds(600));
    traffic(policy);
    Eventually.holds(
        "one fails", LoopMesh.PATIENCE, () -> get("/fail-first").startsWith("HTTP/1.1 500 "));
    for (int i = 0; i < 20; i++) {
      assertThat(get("/")).contains("second GET /");
    }

    traffic(TrafficPolicy.newBuilder());

    Eventually.holds(
        "the first is asked", LoopMesh.PATIENCE, () -> get("/").contains("first GET /"));
  }

  @Test
  void retries_beyondTheirBudget_areNotMade() throws Exception {
    publish("127.0.0.2");
    Rule.Builder rule = rule();
    rule.getRetryBuilder().setAttempts(3).addRetryOn("5xx").setBackoff(millis(1));
    route(rule);
    TrafficPolicy.Builder policy = TrafficPolicy.newBuilder();
    policy.getSettingsBuilder().getRetryBudgetBuilder().setPercent(20).setMinConcurrency(0);
    traffic(policy);

    // One request in progress: a fifth of it is none.
    assertThat(get("/fail-first")).startsWith("HTTP/1.1 500 ");
    assertThat(first.served()).hasSize(1);

    policy.getSettingsBuilder().getRetryBudgetBuilder().setMinConcurrency(1);
    traffic(policy);
    assertThat(get("/fail-first")).startsWith("HTTP/1.1 500 ");
    assertThat(first.served()).hasSize(5);
    assertThat(new String(mesh.waypoint.metrics().text(), StandardCharsets.UTF_8))
        .contains("response_flags=\"UO\"")
        .contains("response_flags=\"URX\"");
  }

  @Test
  void sameKey_goesToTheSameEndpoint() throws Exception {
    publish("127.0.0.2", "127.0.0.3");
    traffic(
        TrafficPolicy.newBuilder()
            .setSettings(
                TrafficSettings.newBuilder()
                    .setLoadBalancer(
                        LoadBalancer.newBuilder()
                            .setConsistentHash(
                                LoadBalancer.ConsistentHash.newBuilder().setHeader("x-user")))));

    Set<String> all = new HashSet<>();
    for (int user = 0; user < 16; user++) {
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < 3; i++) {
        seen.add(get("/", "X-User: " + user).contains("first GET") ? "first" : "second");
      }
      assertThat(seen).hasSize(1);
      all.addAll(seen);
    }
    assertThat(all).hasSize(2);
  }

  @Test
  void requestsAboveTheCircuitsLimits_areRefused() throws Exception {
    publish("127.0.0.2");
    TrafficPolicy.Builder policy = TrafficPolicy.newBuilder();
    policy
        .getSettingsBuilder()
        .getConnectionPoolBuilder()
        .setMaxConnections(1)
        .setMaxPendingRequests(1);
    traffic(policy);

    RawClient running = send("GET /hold");
    first.awaitRequest();
    RawClient waiting = mesh.connect("10.96.0.1:80");
    waiting.send("GET /waits HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    mesh.awaitPending(A);

    assertThat(get("/too-much")).startsWith("HTTP/1.1 503 ").contains("overflow");
    first.letGo();
    assertThat(running.awaitEnd()).contains("first GET /hold");
    assertThat(waiting.awaitEnd()).contains("first GET /waits");
  }

  /// A client that does not read stops the backend; nothing piles up between.
  @Test
  void answer_thatNobodyReads_stopsItsBackend() throws Exception {
    publish("127.0.0.2");
    RawClient client = mesh.connect("10.96.0.1:80");
    client.channel().config().setAutoRead(false);
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    first.awaitRequest();

    assertThat(first.awaitStandstill()).isLessThan(64L << 20);
  }

  @Test
  void mirror_getsACopy_andItsAnswerIsDropped() throws Exception {
    publish("127.0.0.2");
    Service.Builder other = LoopMesh.service("m", 80, first.port(), "10.96.0.2");
    other.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(other, "127.0.0.3");
    Rule.Builder rule = rule();
    rule.getFiltersBuilder()
        .addMirrorsBuilder()
        .setBackend(
            Backend.newBuilder()
                .setService("shop/m.shop.svc.cluster.local")
                .setPort(80)
                .setWeight(1));
    route(rule);

    String answer =
        mesh.connect("10.96.0.1:80")
            .send(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                    + "Connection: close\r\n\r\nbody")
            .awaitEnd();

    assertThat(answer).contains("first POST /x").contains("body").doesNotContain("second");
    // Its request line stands there only when the body was whole.
    Eventually.holds(LoopMesh.PATIENCE, () -> second.served().contains("POST /x"));
  }

  @Test
  void tls_isRoutedByItsServerName_andPassedThrough() throws Exception {
    try (TextBackend echo = TextBackend.greeting("127.0.0.2", "")) {
      Service.Builder service = LoopMesh.service("t", 443, echo.port(), "10.96.0.4");
      service.getPortsBuilder(0).setAppProtocol(AppProtocol.TLS);
      mesh.publish(service, "127.0.0.2");
      mesh.put(
          Route.newBuilder()
              .setKind(Route.Kind.TLS_ROUTE)
              .setNamespace("shop")
              .setName("t")
              .addParents(Parent.newBuilder().setService("shop/t.shop.svc.cluster.local"))
              .addStream(
                  StreamRule.newBuilder()
                      .addMatches(StreamMatch.newBuilder().addSni("good.example"))
                      .addBackends(
                          Backend.newBuilder()
                              .setService("shop/t.shop.svc.cluster.local")
                              .setPort(443)
                              .setWeight(1))));

      String hello = hello("good.example");
      RawClient client = mesh.connect("10.96.0.4:443").send(hello);
      assertThat(client.await(text -> text.length() >= hello.length())).isEqualTo(hello);
      assertThat(mesh.connect("10.96.0.4:443").send(hello("bad.example")).awaitEnd())
          .startsWith("!stream reset");
    }
  }

  /// What a TLS client says first.
  private static String hello(String name) throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine(name, 443);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(name)));
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(64 << 10);
    engine.wrap(ByteBuffer.allocate(0), out);
    return new String(out.array(), 0, out.position(), StandardCharsets.ISO_8859_1);
  }
}
