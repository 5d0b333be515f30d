package adit.waypoint.app;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.hbone.OpenException;
import adit.hbone.OpenFailure;
import adit.model.authorize.Refusal;
import adit.protos.l7.Backend;
import adit.protos.l7.Filters;
import adit.protos.l7.Header;
import adit.protos.l7.HeaderChange;
import adit.protos.l7.Invalid;
import adit.protos.l7.Match;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.Operation;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.Redirect;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.Source;
import adit.protos.l7.StringMatch;
import adit.protos.l7.Target;
import adit.protos.l7.WaypointConfig;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.xds.TypeUrls;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The program, between a client and backends that speak HBONE.
@SuppressWarnings("StringConcatToTextBlock") // Each line end of HTTP is to be seen.
final class WaypointTest {
  private static final String A = "shop/a.shop.svc.cluster.local";
  private static final String B = "shop/b.shop.svc.cluster.local";

  private LoopMesh mesh;
  private TextBackend a;
  private TextBackend b;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    a = TextBackend.start("127.0.0.2", "a");
    b = TextBackend.start("127.0.0.2", "b");
  }

  @AfterEach
  void close() throws Exception {
    a.close();
    b.close();
    mesh.close();
  }

  private void publish(AppProtocol protocol) {
    mesh.publish(speaking(LoopMesh.service("a", 80, a.port(), "10.96.0.1"), protocol), "127.0.0.2");
    mesh.publish(speaking(LoopMesh.service("b", 80, b.port(), "10.96.0.2"), protocol), "127.0.0.2");
  }

  private static Service.Builder speaking(Service.Builder service, AppProtocol protocol) {
    service.getPortsBuilder(0).setAppProtocol(protocol);
    return service;
  }

  private static String get(String path, String... headers) {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return request.append("Connection: close\r\n\r\n").toString();
  }

  private static Route.Builder route(String... parents) {
    Route.Builder route =
        Route.newBuilder().setKind(Route.Kind.HTTP_ROUTE).setNamespace("shop").setName("r");
    for (String parent : parents) {
      route.addParents(Parent.newBuilder().setService(parent));
    }
    return route;
  }

  private static Backend.Builder to(String service) {
    return Backend.newBuilder().setService(service).setPort(80).setWeight(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP11", "UNKNOWN"})
  void request_toAService_reachesItsBackendThroughHbone(String protocol) throws Exception {
    publish(AppProtocol.valueOf(protocol));

    String answer = mesh.connect("10.96.0.1:80").send(get("/x?y=z")).awaitEnd();

    assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("a GET /x?y=z");
    assertThat(mesh.connects.poll(1, TimeUnit.SECONDS)).isEqualTo("127.0.0.2:" + a.port());
  }

  /// Proxies of the nodes hear of it one after the other.
  @Test
  void service_thatWasBoundHereUntilNow_isStillServed() throws Exception {
    publish(AppProtocol.HTTP11);
    Service.Builder free =
        speaking(LoopMesh.service("a", 80, a.port(), "10.96.0.1"), AppProtocol.HTTP11);

    mesh.publish(free.clearWaypoint(), "127.0.0.2");
    Eventually.holds(
        "the waypoint has heard",
        LoopMesh.PATIENCE,
        () ->
            requireNonNull(
                        mesh.waypoint
                            .board()
                            .now()
                            .mesh()
                            .serviceByHostname("a.shop.svc.cluster.local", "shop"))
                    .waypoints()
                    .single()
                == null);

    assertThat(mesh.connect("10.96.0.1:80").send(get("/late")).awaitEnd()).contains("a GET /late");
  }

  @Test
  void requests_onOneConnection_areAnsweredInOrderOnOneTunnel() throws Exception {
    publish(AppProtocol.HTTP11);
    RawClient client = mesh.connect("10.96.0.1:80");

    client.send(
        "POST /1 HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Content-Length: 3\r\n\r\n"
            + "abcPOST /2 HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "3\r\n"
            + "def\r\n"
            + "0\r\n\r\n"
            + get("/3"));
    String answer = client.awaitEnd();

    assertThat(answer).containsSubsequence("a POST /1", "abc", "a POST /2", "def", "a GET /3");
    assertThat(mesh.connects).hasSize(1);
  }

  @Test
  void route_byHeader_leadsToAnotherService() throws Exception {
    publish(AppProtocol.HTTP11);
    mesh.put(
        route(A)
            .addHttp(
                Rule.newBuilder()
                    .addMatches(
                        Match.newBuilder()
                            .addHeaders(
                                NamedMatch.newBuilder()
                                    .setName("version")
                                    .setValue(StringMatch.newBuilder().setExact("two"))))
                    .setFilters(
                        Filters.newBuilder()
                            .setRequestHeaders(
                                HeaderChange.newBuilder()
                                    .addSet(Header.newBuilder().setName("x-set").setValue("1"))))
                    .addBackends(to(B)))
            .addHttp(
                Rule.newBuilder()
                    .addMatches(Match.newBuilder().setPath(PathMatch.newBuilder().setPrefix("/a")))
                    .addBackends(to(A))));

    assertThat(mesh.connect("10.96.0.1:80").send(get("/", "Version: two")).awaitEnd())
        .contains("b GET /")
        .contains("x-set: 1");
    assertThat(mesh.connect("10.96.0.1:80").send(get("/a/b")).awaitEnd()).contains("a GET /a/b");
    assertThat(mesh.connect("10.96.0.1:80").send(get("/ab")).awaitEnd())
        .startsWith("HTTP/1.1 404 ");
    assertThat(mesh.connect("10.96.0.2:80").send(get("/ab")).awaitEnd()).contains("b GET /ab");
  }

  @Test
  void backend_thatIsInvalid_isAnswered500() throws Exception {
    publish(AppProtocol.HTTP11);
    mesh.put(
        route(A)
            .addHttp(
                Rule.newBuilder()
                    .addBackends(
                        Backend.newBuilder()
                            .setWeight(1)
                            .setInvalid(Invalid.newBuilder().setReason("BackendNotFound")))));

    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 500 ");
  }

  @ParameterizedTest
  @CsvSource({"301", "302", "303", "307", "308"})
  void redirect_isAnswered(int status) throws Exception {
    publish(AppProtocol.HTTP11);
    mesh.put(
        route(A)
            .addHttp(
                Rule.newBuilder()
                    .addMatches(
                        Match.newBuilder().setPath(PathMatch.newBuilder().setPrefix("/old")))
                    .setRedirect(
                        Redirect.newBuilder()
                            .setHost("example.com")
                            .setPrefix("/new")
                            .setStatus(status))));

    assertThat(mesh.connect("10.96.0.1:80").send(get("/old/x?q=1")).awaitEnd())
        .startsWith("HTTP/1.1 " + status + " ")
        .contains("location: http://example.com/new/x?q=1\r\n");
  }

  private void policy(RequestPolicy.Action action, PolicyRule.Builder... rules) {
    RequestPolicy.Builder policy =
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName("p")
            .setAction(action)
            .addTargets(Target.newBuilder().setService(A));
    for (PolicyRule.Builder rule : rules) {
      policy.addRules(rule);
    }
    mesh.put(TypeUrls.REQUEST_POLICY, "shop/p", policy.build());
  }

  @Test
  void policy_thatDenies_isAnswered403AndExplained() throws Exception {
    publish(AppProtocol.HTTP11);
    policy(
        RequestPolicy.Action.DENY,
        PolicyRule.newBuilder().addTo(Operation.newBuilder().addMethods("DELETE")));

    String denied =
        mesh.connect("10.96.0.1:80")
            .send("DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .awaitEnd();

    assertThat(denied).startsWith("HTTP/1.1 403 Forbidden\r\n").endsWith("RBAC: access denied");
    String header =
        denied
            .lines()
            .filter(line -> line.startsWith("x-adit-refusal: "))
            .findFirst()
            .orElseThrow();
    Refusal refusal = Refusal.parseOrNull(header.substring("x-adit-refusal: ".length()));
    assertThat(refusal).isNotNull();
    assertThat(refusal.policy()).isEqualTo("shop/p");
    assertThat(refusal.rule()).isEqualTo("0");
    assertThat(refusal.seen()).isEqualTo("DELETE a/x from cluster.local/ns/shop/sa/client");
    assertThat(mesh.connect("10.96.0.1:80").send(get("/x")).awaitEnd()).contains("a GET /x");
  }

  @Test
  void policy_thatAllowsAnotherClient_refusesThisOne() throws Exception {
    publish(AppProtocol.HTTP11);
    policy(
        RequestPolicy.Action.ALLOW,
        PolicyRule.newBuilder().addFrom(Source.newBuilder().addServiceAccounts("friend")));

    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 403 ");
    assertThat(mesh.connect(LoopMesh.identity("friend"), "10.96.0.1:80").send(get("/")).awaitEnd())
        .startsWith("HTTP/1.1 200 ");
  }

  /// Else one bad object would keep every new pod of the waypoint from serving everybody.
  @Test
  void newReplica_thatIsToldAPolicyItCannotRead_servesTheRest() throws Exception {
    publish(AppProtocol.HTTP11);
    policy(
        RequestPolicy.Action.ALLOW,
        PolicyRule.newBuilder().addTo(Operation.newBuilder().addPorts("eighty")));

    WaypointProcess replica = mesh.addReplica();

    assertThat(mesh.connect(replica, "10.96.0.1:80").send(get("/")).awaitEnd())
        .startsWith("HTTP/1.1 403 ");
    assertThat(mesh.connect(replica, "10.96.0.2:80").send(get("/")).awaitEnd())
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void policy_thatCannotBeRead_letsNothingPass() throws Exception {
    publish(AppProtocol.HTTP11);
    policy(
        RequestPolicy.Action.ALLOW,
        PolicyRule.newBuilder().addTo(Operation.newBuilder().addPorts("eighty")));

    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 403 ");
  }

  @Test
  void path_isNormalBeforePoliciesSeeIt() throws Exception {
    publish(AppProtocol.HTTP11);
    policy(
        RequestPolicy.Action.DENY,
        PolicyRule.newBuilder().addTo(Operation.newBuilder().addPaths("/admin*")));

    for (String path : new String[] {"/admin", "/x/../admin", "/%61dmin", "/./admin"}) {
      assertThat(mesh.connect("10.96.0.1:80").send(get(path)).awaitEnd())
          .as(path)
          .startsWith("HTTP/1.1 403 ");
    }
    assertThat(mesh.connect("10.96.0.1:80").send(get("/../admin")).awaitEnd())
        .startsWith("HTTP/1.1 400 ");
  }

  @Test
  void endpoint_thatCannotBeReached_isFollowedByAnother() throws Exception {
    // Nobody listens for HBONE at the second address.
    mesh.publish(
        speaking(LoopMesh.service("a", 80, a.port(), "10.96.0.1"), AppProtocol.HTTP11),
        "127.0.0.2",
        "127.0.0.3");

    for (int i = 0; i < 10; i++) {
      assertThat(mesh.connect("10.96.0.1:80").send(get("/" + i)).awaitEnd())
          .contains("a GET /" + i);
    }
  }

  @Test
  void workload_withAnotherIdentityThanItShouldHave_isNotTrusted() throws Exception {
    mesh.serveNode("127.0.0.4", mesh.hbone(), LoopMesh.identity("thief"));
    mesh.publish(
        speaking(LoopMesh.service("a", 80, a.port(), "10.96.0.1"), AppProtocol.HTTP11),
        "127.0.0.4");

    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 503 ");
    assertThat(mesh.connects).isEmpty();
  }

  @Test
  void backendsProxy_thatRefuses_hasItsReasonKept() throws Exception {
    var refusal =
        new Refusal(
            "f00d", Refusal.Stage.AUTHORIZE, "shop/nobody", "0", "a friend", "a waypoint", "");
    mesh.refuseAt("127.0.0.4", 401, refusal.header());
    mesh.publish(
        speaking(LoopMesh.service("a", 80, a.port(), "10.96.0.1"), AppProtocol.HTTP11),
        "127.0.0.4");

    String answer = mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd();

    assertThat(answer).startsWith("HTTP/1.1 503 ").contains("x-adit-refusal: " + refusal.header());
    assertThat(new String(mesh.waypoint.metrics().text(), StandardCharsets.UTF_8).lines())
        .anyMatch(line ->
            line.startsWith("adit_refusals_total{") && line.contains("policy=\"shop/nobody\""));
  }

  @Test
  void service_thatIsNotBoundHere_isRefusedWithItsReason() {
    Service.Builder other = LoopMesh.service("a", 80, a.port(), "10.96.0.1").clearWaypoint();
    mesh.publish(other, "127.0.0.2");

    assertThatThrownBy(() -> mesh.connect("10.96.0.1:80"))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            OpenException.class,
            e ->
                assertThat(e.failure())
                    .isInstanceOfSatisfying(
                        OpenFailure.Status.class,
                        status -> {
                          assertThat(status.code()).isEqualTo(404);
                          assertThat(status.refusal()).contains("not%20bound");
                        }));
  }

  @Test
  void client_ofAnotherTrustDomain_isRefused() {
    publish(AppProtocol.HTTP11);
    mesh.put(
        TypeUrls.WAYPOINT_CONFIG,
        "shop/waypoint",
        WaypointConfig.newBuilder()
            .setNamespace("shop")
            .setName("waypoint")
            .setTrustDomain("elsewhere")
            .build());

    assertThatThrownBy(() -> mesh.connect("10.96.0.1:80"))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .hasMessageContaining("401");
  }

  @Test
  void serverThatSpeaksFirst_onAPortThatSaysNothing_isHeard() throws Exception {
    try (TextBackend greeter = TextBackend.greeting("127.0.0.2", "220 hello\r\n")) {
      mesh.publish(LoopMesh.service("mail", 25, greeter.port(), "10.96.0.3"), "127.0.0.2");

      RawClient client = mesh.connect("10.96.0.3:25");
      client.await(text -> text.equals("220 hello\r\n"));
      client.send("QUIT\r\n");

      assertThat(client.await(text -> text.contains("QUIT"))).endsWith("QUIT\r\n");
    }
  }

  @Test
  void tcp_isCopiedBothWays() throws Exception {
    try (TextBackend greeter = TextBackend.greeting("127.0.0.2", "")) {
      mesh.publish(
          speaking(LoopMesh.service("db", 5432, greeter.port(), "10.96.0.3"), AppProtocol.TCP),
          "127.0.0.2");

      RawClient client = mesh.connect("10.96.0.3:5432").send("ping");

      assertThat(client.await(text -> text.equals("ping"))).isEqualTo("ping");
    }
  }

  @Test
  void upgrade_becomesBytes() throws Exception {
    publish(AppProtocol.HTTP11);
    RawClient client = mesh.connect("10.96.0.1:80");

    client.send("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    String head = client.await(text -> text.contains("\r\n\r\n"));
    assertThat(head).startsWith("HTTP/1.1 101 ").containsIgnoringCase("upgrade: echo");
    client.send("raw bytes");

    assertThat(client.await(text -> text.endsWith("raw bytes"))).endsWith("raw bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Content-Length: 3\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n"
            + "Host: a\r\n"
            + "Transfer-Encoding: chunked\r\n"
            + "Transfer-Encoding: identity\r\n\r\n"
            + "0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded: z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET http://a b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET /#frag HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
      })
  void request_thatTwoParsersMayReadDifferently_isRefused(String request) throws Exception {
    publish(AppProtocol.HTTP11);

    String answer = mesh.connect("10.96.0.1:80").send(request + get("/smuggled")).awaitEnd();

    assertThat(answer).startsWith("HTTP/1.1 400 ").doesNotContain("smuggled");
  }

  @ParameterizedTest
  @ValueSource(strings = {"zz\r\n", "-1\r\n", "3\r\nabcd\r\n", "0x3\r\nabc\r\n", "3;\n\r\nabc\r\n"})
  void chunk_thatIsNone_neverReachesTheBackendWhole(String chunk) throws Exception {
    publish(AppProtocol.HTTP11);

    String answer =
        mesh.connect("10.96.0.1:80")
            .send(
                "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk
                    + get("/smuggled"))
            .awaitEnd();

    assertThat(answer).doesNotContain("smuggled").doesNotContain("200 OK");
    assertThat(a.served()).doesNotContain("POST /chunked");
  }

  @Test
  void limits_haveTheirStatus() throws Exception {
    publish(AppProtocol.HTTP11);

    assertThat(mesh.connect("10.96.0.1:80").send(get("/" + "x".repeat(20_000))).awaitEnd())
        .startsWith("HTTP/1.1 414 ");
    assertThat(mesh.connect("10.96.0.1:80").send(get("/", "X: " + "x".repeat(70_000))).awaitEnd())
        .startsWith("HTTP/1.1 431 ");
  }

  @Test
  void end_finishesTheRequestInProgress() throws Exception {
    publish(AppProtocol.HTTP11);
    RawClient client = mesh.connect("10.96.0.1:80");
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    client.send("a");
    a.awaitRequest();

    mesh.waypoint.shutDown("test");
    client.send("bc");

    assertThat(client.awaitEnd()).contains("a POST /slow").contains("abc");
  }

  @Test
  void requests_areCounted() throws Exception {
    publish(AppProtocol.HTTP11);

    mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd();

    String text = new String(mesh.waypoint.metrics().text(), StandardCharsets.UTF_8);
    String line =
        text.lines()
            .filter(one -> one.startsWith("istio_requests_total{"))
            .findFirst()
            .orElseThrow();
    assertThat(line)
        .contains("reporter=\"waypoint\"")
        .contains("source_principal=\"spiffe://cluster.local/ns/shop/sa/client\"")
        .contains("destination_principal=\"spiffe://cluster.local/ns/shop/sa/backend\"")
        .contains("destination_service=\"a.shop.svc.cluster.local\"")
        .contains("destination_service_name=\"a\"")
        .contains("request_protocol=\"http\"")
        .contains("response_code=\"200\"")
        .contains("response_flags=\"-\"")
        .contains("connection_security_policy=\"mutual_tls\"")
        .endsWith(" 1.0");
  }
}
