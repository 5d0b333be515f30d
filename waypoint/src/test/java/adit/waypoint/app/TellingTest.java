package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.RateLimit;
import adit.protos.l7.Target;
import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TelemetryPolicy.AccessLogging;
import adit.protos.l7.TelemetryPolicy.MetricOverride;
import adit.protos.l7.WaypointConfig;
import adit.protos.l7.WaypointConfig.AccessLog;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the program tells about requests: access logs, metrics, and who the client was.
final class TellingTest {
  private static final String A = "shop/a.shop.svc.cluster.local";

  private LoopMesh mesh;
  private TextBackend backend;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    backend = TextBackend.start("127.0.0.2", "a");
    Service.Builder service = LoopMesh.service("a", 80, backend.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(service, "127.0.0.2");
  }

  @AfterEach
  void close() throws Exception {
    backend.close();
    mesh.close();
  }

  private String get(String path, String... headers) throws Exception {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    request.append("Connection: close\r\n\r\n");
    return mesh.connect("10.96.0.1:80").send(request.toString()).awaitEnd();
  }

  private static WaypointConfig.Builder config() {
    return WaypointConfig.newBuilder()
        .setNamespace("shop")
        .setName("waypoint")
        .setRootNamespace("istio-system")
        .setTrustDomain("cluster.local");
  }

  private void put(WaypointConfig.Builder config) {
    mesh.put(TypeUrls.WAYPOINT_CONFIG, "shop/waypoint", config.build());
  }

  private static TelemetryPolicy.Builder telemetry(String namespace, String name) {
    return TelemetryPolicy.newBuilder().setNamespace(namespace).setName(name);
  }

  private void put(TelemetryPolicy.Builder telemetry) {
    mesh.put(
        TypeUrls.TELEMETRY_POLICY,
        telemetry.getNamespace() + "/" + telemetry.getName(),
        telemetry.build());
  }

  private static AccessLog.Builder text(String format) {
    return AccessLog.newBuilder().setEnabled(true).setFormat(format);
  }

  private String metrics() {
    return new String(mesh.waypoint.metrics().text(), StandardCharsets.UTF_8);
  }

  private String metric(String name) {
    return metrics().lines().filter(line -> line.startsWith(name + "{")).findFirst().orElse("");
  }

  @Test
  void request_isLoggedAsTheReferenceDoes_whenTheMeshWantsIt() throws Exception {
    put(config().setAccessLog(AccessLog.newBuilder().setEnabled(true)));

    String answer = get("/x?y=\"", "User-Agent: me", "X-Forwarded-For: 1.2.3.4", "X-Request-Id: 7");

    assertThat(answer).startsWith("HTTP/1.1 200 ");
    assertThat(mesh.awaitLine("GET /x"))
        .matches(
            "\\[\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z] \"GET /x\\?y=_ HTTP/1.1\" 200 -"
                + " via_upstream - \"-\" 0 \\d+ \\d+ \\d+ \"1.2.3.4\" \"me\" \"7\" \"a\""
                + " \"127.0.0.2:\\d+\" inbound-vip\\|80\\|http\\|a.shop.svc.cluster.local -"
                + " 10.96.0.1:80 127.0.0.1:\\d+ - -");
  }

  @Test
  void connectionThatIsNotHttp_isLoggedAsTheReferenceDoes_whenItIsOver() throws Exception {
    put(config().setAccessLog(AccessLog.newBuilder().setEnabled(true)));
    try (TextBackend echo = TextBackend.greeting("127.0.0.2", "hello")) {
      Service.Builder database = LoopMesh.service("db", 5432, echo.port(), "10.96.0.9");
      database.getPortsBuilder(0).setAppProtocol(AppProtocol.TCP);
      mesh.publish(database, "127.0.0.2");

      RawClient client = mesh.connect("10.96.0.9:5432").send("ping");
      client.await(all -> all.equals("helloping"));
      var _ = client.channel().shutdownOutput();

      assertThat(client.awaitEnd()).isEqualTo("helloping");
      assertThat(mesh.awaitLine("inbound-vip|5432"))
          .matches(
              "\\[\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z] \"- - -\" 0 - - -"
                  + " \"-\" 4 9 \\d+ - \"-\" \"-\" \"-\" \"-\" \"127.0.0.2:\\d+\""
                  + " inbound-vip\\|5432\\|tcp\\|db.shop.svc.cluster.local -"
                  + " 10.96.0.9:5432 127.0.0.1:\\d+ - -");
    }
  }

  @Test
  void request_isLoggedAsJson_whenTheMeshWantsIt() throws Exception {
    put(
        config()
            .setAccessLog(
                AccessLog.newBuilder().setEnabled(true).setEncoding(AccessLog.Encoding.JSON)));

    var _ = get("/x");

    JsonNode line = new ObjectMapper().readTree(mesh.awaitLine("\"path\":\"/x\""));
    assertThat(line.path("method").asText()).isEqualTo("GET");
    assertThat(line.path("response_code").isNumber()).isTrue();
    assertThat(line.path("response_code").asInt()).isEqualTo(200);
    assertThat(line.path("user_agent").isNull()).isTrue();
    assertThat(line.path("upstream_host").asText()).startsWith("127.0.0.2:");
    assertThat(line.path("request_id").asText()).hasSize(36);
    assertThat(line.size()).isEqualTo(24);
  }

  @Test
  void format_ofTheMesh_isFollowed() throws Exception {
    put(
        config()
            .setAccessLog(
                text(
                    "%REQ(X-B?:METHOD)% %RESP(X-NO?CONTENT-LENGTH):1% 100%% %RESPONSE_CODE%"
                        + " %DOWNSTREAM_PEER_URI_SAN% %NO_SUCH%\n")));

    var _ = get("/");

    assertThat(mesh.awaitLine("100%"))
        .matches("GET \\d 100% 200 spiffe://cluster.local/ns/shop/sa/client -");
  }

  @Test
  void telemetry_choosesLogsAndRequests_fromTheMeshToTheService() throws Exception {
    put(
        config()
            .setAccessLog(text("mesh %REQ(:PATH)%"))
            .putLogProviders("one", text("one %REQ(:PATH)%").build())
            .putLogProviders("two", text("two %REQ(:PATH)%").build())
            .addDefaultLogProviders("one"));
    var _ = get("/default");
    assertThat(mesh.awaitLine("/default")).isEqualTo("one /default");

    put(
        telemetry("istio-system", "mesh")
            .addAccessLogging(AccessLogging.newBuilder().addProviders("two")));
    var _ = get("/root");
    assertThat(mesh.awaitLine("/root")).isEqualTo("two /root");

    put(
        telemetry("shop", "errors")
            .addAccessLogging(
                AccessLogging.newBuilder()
                    .setFilter("response.code >= 400 || request.headers['x-log'] == 'yes'")));
    var _ = get("/fine");
    var _ = get("/asked", "X-Log: yes");
    assertThat(mesh.awaitLine("two /")).isEqualTo("two /asked");

    put(
        telemetry("shop", "service")
            .addTargets(Target.newBuilder().setService(A))
            .addAccessLogging(AccessLogging.newBuilder().setDisabled(true)));
    put(
        telemetry("shop", "older")
            .setCreated(Timestamp.newBuilder().setSeconds(-1))
            .addTargets(Target.newBuilder().setService(A))
            .addAccessLogging(AccessLogging.newBuilder().addProviders("one")));
    var _ = get("/last");
    assertThat(mesh.awaitLine("/last")).isEqualTo("one /last");
  }

  @Test
  void filter_thatAsksForWhatThereIsNot_logsNothingAndHarmsNothing() throws Exception {
    put(
        config()
            .putLogProviders("one", text("logged %REQ(:PATH)%").build())
            .addDefaultLogProviders("one"));
    put(
        telemetry("shop", "t")
            .addAccessLogging(
                AccessLogging.newBuilder().setFilter("request.headers['x-not-there'] == 'x'")));

    assertThat(get("/a")).startsWith("HTTP/1.1 200 ");
    assertThat(get("/b", "X-Not-There: x")).startsWith("HTTP/1.1 200 ");
    assertThat(mesh.awaitLine("logged")).isEqualTo("logged /b");
  }

  @Test
  void refusalByALimit_namesTheLimit_inLogsAndMetrics() throws Exception {
    put(config().setAccessLog(AccessLog.newBuilder().setEnabled(true)));
    mesh.put(
        TypeUrls.RATE_LIMIT,
        "shop/orders",
        RateLimit.newBuilder()
            .setNamespace("shop")
            .setName("orders")
            .addTargets(Target.newBuilder().setService(A))
            .addLimits(
                RateLimit.Limit.newBuilder()
                    .setName("per-client")
                    .setRequests(1)
                    .setUnit(Duration.newBuilder().setSeconds(3600)))
            .build());

    assertThat(get("/1")).startsWith("HTTP/1.1 200 ");
    assertThat(get("/2")).startsWith("HTTP/1.1 429 ");

    assertThat(mesh.awaitLine("GET /2"))
        .contains(" 429 RL local_rate_limited[shop/orders/per-client] ");
    assertThat(mesh.awaitLine("refused"))
        .contains("stage=\"LIMIT\"")
        .contains("policy=\"shop/orders\"")
        .contains("rule=\"per-client\"");
    assertThat(metric("adit_refusals_total"))
        .contains("stage=\"LIMIT\"")
        .contains("policy=\"shop/orders\"")
        .endsWith(" 1.0");
    assertThat(metric("istio_requests_total")).isNotEmpty();
    assertThat(metrics())
        .containsPattern("istio_requests_total\\{.*response_code=\"429\",.*response_flags=\"RL\"");
  }

  @Test
  void metrics_areOffOrHaveOtherLabels_asTelemetrySays() throws Exception {
    put(config());
    put(
        telemetry("istio-system", "mesh")
            .addMetrics(MetricOverride.newBuilder().setDisabled(true))
            .addMetrics(
                MetricOverride.newBuilder()
                    .setMetric("istio_requests_total")
                    .setDisabled(false)
                    .putTags("source_principal", "")
                    .putTags("tier", "'gold'")
                    .putTags("host", "request.host")));
    put(
        telemetry("shop", "ns")
            .addMetrics(
                MetricOverride.newBuilder()
                    .setMetric("istio_requests_total")
                    .putTags("host", "request.headers['x-tenant']")
                    .putTags("code", "string(response.code / 100) + 'xx'")));

    var _ = get("/", "X-Tenant: acme");
    var _ = get("/");

    assertThat(metrics())
        .doesNotContain("istio_request_bytes")
        .doesNotContain("istio_request_duration")
        .containsPattern("istio_requests_total\\{.*code=\"2xx\",.*host=\"acme\"")
        .containsPattern("istio_requests_total\\{.*host=\"unknown\"");
    assertThat(metric("istio_requests_total"))
        .doesNotContain("source_principal")
        .contains("tier=\"gold\"")
        .contains("source_workload=")
        .endsWith(" 1.0");
  }

  @Test
  void backend_isToldWhoTheClientIs_ifThatIsWanted() throws Exception {
    put(config().setIncludeClientIdentity(true));

    String answer = get("/", "X-Forwarded-Client-Cert: By=me;URI=spiffe://cluster.local/ns/a/sa/b");

    assertThat(answer)
        .containsIgnoringCase(
            "x-forwarded-client-cert: By=spiffe://cluster.local/ns/shop/sa/waypoint;"
                + "URI=spiffe://cluster.local/ns/shop/sa/client\r\n")
        .doesNotContain("By=me");
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Forwarded-Client-Cert", "x-forwarded-client-cert"})
  void backend_isNotToldWhatAClientSaysOfItself(String name) throws Exception {
    assertThat(get("/", name + ": By=me;URI=spiffe://cluster.local/ns/a/sa/b"))
        .startsWith("HTTP/1.1 200 ")
        .doesNotContain("By=me");
  }
}
