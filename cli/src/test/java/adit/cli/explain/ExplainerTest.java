package adit.cli.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.cli.explain.Ends.Destination;
import adit.cli.explain.Explanation.Verdict;
import adit.model.Workload;
import adit.protos.workload.GatewayAddress;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.WorkloadStatus;
import adit.testkit.WireResources;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the control plane tells, and what `adit explain` makes of it.
final class ExplainerTest {
  private static final String ROUTE = "type.googleapis.com/adit.l7.Route";
  private static final String POLICY = "type.googleapis.com/adit.l7.RequestPolicy";
  private static final String LIMIT = "type.googleapis.com/adit.l7.RateLimit";
  private static final String WEB_ONLY =
      """
      {"name": "web-only", "namespace": "shop", "scope": "WORKLOAD_SELECTOR", "action": "ALLOW",
       "rules": [{"clauses": [{"matches": [{"principals": [{"exact": "cluster.local/ns/shop/sa/web"}]}]}]}]}
      """;

  private final Service.Builder waypoint =
      WireResources.service("shop", "waypoint", 15008, 15008, ip("10.96.0.9"));
  private final Service.Builder web =
      WireResources.service("shop", "web", 80, 8080, ip("10.96.0.1"));
  private final adit.protos.workload.Workload.Builder client = pod("client", "10.0.0.1");
  private final adit.protos.workload.Workload.Builder server = pod("web", "10.0.0.2");
  private final adit.protos.workload.Workload.Builder proxy = pod("waypoint", "10.0.0.3");
  private final List<String> policies = new ArrayList<>();
  private final Map<String, String> l7 = new HashMap<>();

  private static InetAddress ip(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  private static adit.protos.workload.Workload.Builder pod(String name, String ip) {
    return WireResources.workload("shop", name, name, "node-a", ip(ip));
  }

  @BeforeEach
  void endpoints() {
    var _ = WireResources.endpointOf(web, server);
    var _ = WireResources.endpointOf(waypoint, proxy);
  }

  private void bind() {
    web.setWaypoint(
        GatewayAddress.newBuilder()
            .setHostname(
                NamespacedHostname.newBuilder()
                    .setNamespace("shop")
                    .setHostname(waypoint.getHostname()))
            .setHboneMtlsPort(15008));
  }

  private static String json(Message... messages) throws IOException {
    List<String> all = new ArrayList<>();
    for (Message message : messages) {
      all.add(JsonFormat.printer().print(message));
    }
    return "[" + String.join(",", all) + "]";
  }

  private Told told() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    String mesh =
        "{\"workloads\":"
            + json(client.build(), server.build(), proxy.build())
            + ",\"services\":"
            + json(web.build(), waypoint.build())
            + ",\"policies\":"
            + policies
            + "}";
    StringBuilder more = new StringBuilder("{\"none\":[]");
    l7.forEach(
        (type, one) -> more.append(",\"").append(type).append("\":[").append(one).append(']'));
    return Told.of(mapper.readTree(mesh), mapper.readTree(more.append('}').toString()));
  }

  private Explanation explain(String method, String path, Map<String, String> headers)
      throws IOException {
    Told told = told();
    Ends ends = new Ends(told.mesh(), "shop");
    return new Explainer(told, new Asked.Request(method, path, headers))
        .explain(ends.client("client"), ends.destination("web"));
  }

  private Explanation explain() throws IOException {
    return explain("GET", "/", Map.of());
  }

  private static String text(Explanation explanation) {
    StringWriter out = new StringWriter();
    new Report("client", "web", "GET /", explanation, List.of(), List.of(), List.of())
        .print(new PrintWriter(out));
    return out.toString();
  }

  @Test
  void noPolicy_isAllowed_andEachHopIsTold() throws Exception {
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.ALLOWED);
    assertThat(text(explanation))
        .contains(
            "  1 client shop/client (10.0.0.1 on node-a): in the mesh, as cluster.local/ns/shop/sa/client",
            "  2 server shop/web (10.0.0.2 on node-a): allowed on port 8080");
  }

  @Test
  void policyOfLayerFour_namesItselfWithWantedAndSeen() throws Exception {
    policies.add(WEB_ONLY);
    server.addAuthorizationPolicies("shop/web-only");
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(explanation.summary()).isEqualTo("REFUSED at the server by policy shop/web-only");
    assertThat(text(explanation))
        .contains("policy shop/web-only", "wanted principals=cluster.local/ns/shop/sa/web")
        .contains("seen principal cluster.local/ns/shop/sa/client from 10.0.0.1 to port 8080");
    assertThat(explanation.next()).anyMatch(line -> line.contains("-n shop web-only"));
  }

  @Test
  void policyThatProxiesDoNotHave_refuses() throws Exception {
    server.addAuthorizationPolicies("shop/gone");
    assertThat(explain().verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(explain().summary()).contains("shop/gone");
  }

  @Test
  void clientOutside_isPlaintext() throws Exception {
    policies.add(WEB_ONLY);
    server.addAuthorizationPolicies("shop/web-only");
    client.setTunnelProtocol(TunnelProtocol.NONE);
    bind();
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(text(explanation))
        .contains("not in the mesh: plaintext", "not passed", "seen no identity (plaintext)");
  }

  @Test
  void orderTrap_isNamedAsSuch() throws Exception {
    bind();
    policies.add(WEB_ONLY.replace("sa/web", "sa/client"));
    server.addAuthorizationPolicies("shop/web-only");
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(text(explanation)).contains("seen principal cluster.local/ns/shop/sa/waypoint");
    assertThat(explanation.next())
        .anyMatch(line ->
            line.startsWith("adit waypoint apply -n shop --name waypoint --migrate-policies"));
  }

  @Test
  void waypointThatIsNotReady_isNotGoneAround() throws Exception {
    bind();
    proxy.setStatus(WorkloadStatus.UNHEALTHY);
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(text(explanation)).contains("no healthy upstream: 1 endpoints, 0 ready");
  }

  @Test
  void policyOfLayerSeven_refusesByMethod_andLetsOthersPass() throws Exception {
    bind();
    l7.put(
        POLICY,
        """
        {"namespace": "shop", "name": "no-delete", "action": "DENY",
         "targets": [{"service": "shop/web.shop.svc.cluster.local"}],
         "rules": [{"to": [{"methods": ["DELETE"]}]}]}
        """);
    Explanation refused = explain("DELETE", "/", Map.of());
    assertThat(refused.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(refused.summary()).contains("403 by policy shop/no-delete rule 0 at the waypoint");
    Explanation allowed = explain();
    assertThat(allowed.verdict()).isEqualTo(Verdict.ALLOWED);
    assertThat(text(allowed)).contains("asked, and none refuses: DENY shop/no-delete");
  }

  @Test
  void policyThatAsksAProvider_dependsOnIt_andRefusesIfItCannotBeAsked() throws Exception {
    bind();
    l7.put(
        POLICY,
        """
        {"namespace": "shop", "name": "ask", "action": "CUSTOM", "provider": "opa",
         "targets": [{"service": "shop/web.shop.svc.cluster.local"}],
         "rules": [{"to": [{"methods": ["DELETE"]}]}]}
        """);
    Explanation refused = explain("DELETE", "/", Map.of());
    assertThat(refused.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(refused.summary()).isEqualTo("REFUSED: 403 by policy shop/ask at the waypoint");
    assertThat(text(refused))
        .contains("shop/ask asks provider opa, which is not among the mesh's extensionProviders");
    assertThat(explain().verdict()).isEqualTo(Verdict.ALLOWED);

    l7.put(
        TypeUrls.WAYPOINT_CONFIG,
        """
        {"namespace": "shop", "name": "waypoint", "trustDomain": "cluster.local", "providers":
         [{"name": "opa", "service": "auth/opa.auth.svc.cluster.local", "port": 9191, "grpc": true}]}
        """);
    Explanation asked = explain("DELETE", "/", Map.of());
    assertThat(asked.verdict()).isEqualTo(Verdict.DEPENDS);
    assertThat(asked.summary()).contains("DEPENDS on provider opa");
    assertThat(text(asked)).contains("shop/ask asks provider opa: what it says is not known here");
  }

  @Test
  void route_isTheOneThatTheProxyWouldChoose_withSharesTimesAndFaults() throws Exception {
    bind();
    l7.put(
        ROUTE,
        """
        {"kind": "HTTP_ROUTE", "namespace": "shop", "name": "web",
         "parents": [{"service": "shop/web.shop.svc.cluster.local"}],
         "http": [
           {"name": "jason",
            "matches": [{"headers": [{"name": "x-user", "value": {"exact": "jason"}}]}],
            "fault": {"abort": {"fraction": {"numerator": 1, "denominator": 1}, "httpStatus": 503}},
            "backends": [{"service": "shop/web.shop.svc.cluster.local", "port": 80, "weight": 1}]},
           {"timeouts": {"request": "1.500s"},
            "backends": [
              {"service": "shop/web.shop.svc.cluster.local", "port": 80, "weight": 90},
              {"invalid": {"reason": "BackendNotFound", "message": "Service old"}, "weight": 10}]}]}
        """);
    l7.put(
        LIMIT,
        """
        {"namespace": "shop", "name": "few", "targets": [{"service": "shop/web.shop.svc.cluster.local"}],
         "limits": [{"requests": 5, "unit": "60s", "burst": 5}]}
        """);
    Explanation others = explain();
    assertThat(others.verdict()).isEqualTo(Verdict.ALLOWED);
    assertThat(text(others))
        .contains(
            "HTTPRoute/shop/web rule 1",
            "shop/web.shop.svc.cluster.local:80 90 %",
            "BackendNotFound: Service old): 500 10 %",
            "timeout 1500 ms for the request",
            "shop/few: 5 requests in 60 s, 5 at once; more get 429");
    Explanation jason = explain("GET", "/", Map.of("x-user", "jason"));
    assertThat(jason.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(jason.summary()).contains("answered by the waypoint with 503: a fault");
    assertThat(text(jason)).contains("rule 0 \"jason\" (header x-user = jason)");
  }

  @Test
  void portThatIsNotHttp_knowsNoMethodsAndNoLimits() throws Exception {
    bind();
    web.setPorts(
        0, web.getPorts(0).toBuilder().setAppProtocol(adit.protos.workload.AppProtocol.TCP));
    l7.put(
        POLICY,
        """
        {"namespace": "shop", "name": "only-get", "action": "ALLOW",
         "targets": [{"service": "shop/web.shop.svc.cluster.local"}],
         "rules": [{"to": [{"methods": ["GET"]}]}]}
        """);
    Explanation explanation = explain();
    assertThat(explanation.verdict()).isEqualTo(Verdict.REFUSED);
    assertThat(explanation.summary()).isEqualTo("REFUSED: by policy shop/only-get at the waypoint");
    assertThat(text(explanation)).contains("seen a connection that is not HTTP, port 80");
  }

  @Test
  void names_thatAreNotThere_areAnsweredWithThoseThatAre() throws Exception {
    Ends ends = new Ends(told().mesh(), "shop");
    assertThatThrownBy(() -> ends.client("nobody"))
        .hasMessageContaining("SRC: nobody")
        .hasMessageContaining("client, waypoint, web");
    assertThatThrownBy(() -> ends.client("elsewhere/client"))
        .hasMessageContaining("none; namespaces with some: [shop]");
    assertThatThrownBy(() -> ends.destination("wob"))
        .hasMessageContaining("services of namespace shop: waypoint, web");
    assertThatThrownBy(() -> ends.destination("web:81"))
        .hasMessageContaining("DST: shop/web:81 (expected: with a port of the service: [80])");
    assertThatThrownBy(() -> ends.destination("pod/web"))
        .hasMessageContaining("expected: with a port");
    assertThatThrownBy(() -> ends.destination("web:x")).hasMessageContaining("expected: 1..65535");
  }

  @Test
  void names_areTakenInEveryFormThatPeopleWrite() throws Exception {
    Ends ends = new Ends(told().mesh(), "default");
    for (String text :
        List.of(
            "shop/client", "client.shop", "deploy/client.shop", "pod/client.shop", "10.0.0.1")) {
      assertThat(ends.client(text)).extracting(Workload::name).as(text).isEqualTo("client");
    }
    for (String text :
        List.of(
            "shop/web", "svc/web.shop:80", "web.shop.svc.cluster.local", "10.96.0.1", "web.shop")) {
      assertThat(ends.destination(text)).extracting(Destination::text).isEqualTo("shop/web:80");
    }
    assertThat(ends.destination("10.0.0.2:8080").text()).isEqualTo("shop/web:8080");
  }

  @Test
  void lastRefusals_areThoseBetweenTheTwo_newestFirst() throws Exception {
    var page =
        new ObjectMapper()
            .readTree(
                """
                {"refusals": [
                  {"time": "1", "direction": "inbound", "source": "10.0.0.1:4000", "destination": "10.0.0.2:8080",
                   "id": "a", "policy": "shop/web-only", "rule": "", "wanted": "x", "seen": "y"},
                  {"time": "2", "direction": "outbound", "source": "10.0.0.1:4001", "destination": "10.96.0.1:80", "id": "b"},
                  {"time": "1", "direction": "outbound", "source": "10.0.0.1:4000", "destination": "10.0.0.2:15008", "id": "a"},
                  {"time": "3", "direction": "inbound", "source": "10.0.0.9:4000", "destination": "10.0.0.2:8080", "id": "c"}]}
                """);
    assertThat(LastRefusals.of(List.of(page), Set.of("10.0.0.1"), Set.of("10.0.0.2", "10.96.0.1")))
        .extracting(LastRefusals.One::text)
        .containsExactly(
            "outbound to 10.96.0.1:80, id b",
            "inbound to 10.0.0.2:8080, id a, policy shop/web-only: wanted x, seen y");
  }
}
