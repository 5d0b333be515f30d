package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.auth.AttributeContext;
import adit.protos.auth.CheckResponse;
import adit.protos.auth.DeniedHttpResponse;
import adit.protos.auth.HeaderValue;
import adit.protos.auth.HeaderValueOption;
import adit.protos.auth.HttpStatus;
import adit.protos.auth.OkHttpResponse;
import adit.protos.auth.QueryParameter;
import adit.protos.l7.Operation;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Target;
import adit.protos.l7.WaypointConfig;
import adit.protos.l7.WaypointConfig.Provider;
import adit.protos.rpc.Status;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.xds.TypeUrls;
import com.google.protobuf.BoolValue;
import com.google.protobuf.Duration;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Policies that ask somebody else, through the whole program; authorizers are services of the
/// mesh.
final class ExternalAuthorizationTest {
  private static final String A = "shop/a.shop.svc.cluster.local";
  private static final int PERMISSION_DENIED = 7;

  private final AtomicReference<@Nullable CheckResponse> decision =
      new AtomicReference<>(CheckResponse.getDefaultInstance());
  private LoopMesh mesh;
  private TextBackend backend;
  private GrpcAuthorizer grpc;
  private TextBackend http;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    backend = TextBackend.start("127.0.0.2", "a");
    grpc = GrpcAuthorizer.start("127.0.0.2", _ -> decision.get());
    http = TextBackend.start("127.0.0.2", "authz");
    publish("a", 80, backend.port(), "10.96.0.1", AppProtocol.HTTP11);
    publish("grpc-authz", 9000, grpc.port(), "10.96.0.2", AppProtocol.GRPC);
    publish("http-authz", 8000, http.port(), "10.96.0.3", AppProtocol.HTTP11);
  }

  @AfterEach
  void close() throws Exception {
    mesh.close();
    backend.close();
    grpc.close();
    http.close();
  }

  private void publish(String name, int port, int target, String vip, AppProtocol protocol) {
    Service.Builder service = LoopMesh.service(name, port, target, vip);
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.publish(service, "127.0.0.2");
  }

  private static Provider.Builder ofGrpc() {
    return Provider.newBuilder()
        .setName("ext")
        .setService("shop/grpc-authz.shop.svc.cluster.local")
        .setPort(9000)
        .setGrpc(true);
  }

  private static Provider.Builder ofHttp() {
    return Provider.newBuilder()
        .setName("ext")
        .setService("shop/http-authz.shop.svc.cluster.local")
        .setPort(8000);
  }

  private void ask(Provider.Builder... providers) {
    WaypointConfig.Builder config =
        WaypointConfig.newBuilder()
            .setNamespace("shop")
            .setName("waypoint")
            .setRootNamespace("istio-system")
            .setTrustDomain("cluster.local")
            .setAccessLog(WaypointConfig.AccessLog.newBuilder().setEnabled(true));
    for (Provider.Builder one : providers) {
      config.addProviders(one);
    }
    mesh.put(TypeUrls.WAYPOINT_CONFIG, "shop/waypoint", config.build());
    policy("asks", "ext", PolicyRule.newBuilder());
  }

  private void policy(String name, String provider, PolicyRule.Builder rule) {
    mesh.put(
        TypeUrls.REQUEST_POLICY,
        "shop/" + name,
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName(name)
            .setAction(RequestPolicy.Action.CUSTOM)
            .setProvider(provider)
            .addTargets(Target.newBuilder().setService(A))
            .addRules(rule)
            .build());
  }

  private static PolicyRule.Builder paths(String path) {
    return PolicyRule.newBuilder().addTo(Operation.newBuilder().addPaths(path));
  }

  private String send(String line, String body, String... headers) throws Exception {
    StringBuilder request = new StringBuilder(line + " HTTP/1.1\r\nHost: a.example\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    if (!body.isEmpty()) {
      request.append("Content-Length: ").append(body.length()).append("\r\n");
    }
    return mesh.connect("10.96.0.1:80")
        .send(request + "Connection: close\r\n\r\n" + body)
        .awaitEnd();
  }

  private String get(String path, String... headers) throws Exception {
    return send("GET " + path, "", headers);
  }

  private static HeaderValueOption.Builder header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value));
  }

  private AttributeContext asked() {
    return Objects.requireNonNull(grpc.asked().poll()).getAttributes();
  }

  @Test
  void authorizer_isToldWhoWantsWhat_andWhatItAllowsPasses() throws Exception {
    ask(ofGrpc());

    assertThat(get("/x?y=z", "X-Tenant: acme")).startsWith("HTTP/1.1 200 ");

    AttributeContext seen = asked();
    assertThat(seen.getSource().getPrincipal()).isEqualTo(LoopMesh.CLIENT.toString());
    assertThat(seen.getSource().getAddress().getSocketAddress().getAddress())
        .isEqualTo("127.0.0.1");
    assertThat(seen.getDestination().getAddress().getSocketAddress().getAddress())
        .isEqualTo("10.96.0.1");
    assertThat(seen.getDestination().getPrincipal()).isEqualTo(LoopMesh.WAYPOINT.toString());
    AttributeContext.HttpRequest request = seen.getRequest().getHttp();
    assertThat(request.getMethod()).isEqualTo("GET");
    assertThat(request.getPath()).isEqualTo("/x?y=z");
    assertThat(request.getHost()).isEqualTo("a.example");
    assertThat(request.getHeadersMap())
        .containsEntry("x-tenant", "acme")
        .containsEntry(":path", "/x?y=z");
    assertThat(request.getBody()).isEmpty();
    mesh.awaitMetric("adit_external_authorizations_total{provider=\"ext\",result=\"allowed\"} 1");
  }

  @Test
  void requestThatThePolicyDoesNotMatch_isAskedNobodyAbout() throws Exception {
    ask(ofGrpc());
    policy("asks", "ext", paths("/admin*"));

    assertThat(get("/free")).startsWith("HTTP/1.1 200 ");

    assertThat(grpc.asked()).isEmpty();
  }

  @Test
  void denial_isTheAuthorizersAnswer_andIsTold() throws Exception {
    ask(ofGrpc());
    decision.set(
        CheckResponse.newBuilder()
            .setStatus(Status.newBuilder().setCode(PERMISSION_DENIED))
            .setDeniedResponse(
                DeniedHttpResponse.newBuilder()
                    .setStatus(HttpStatus.newBuilder().setCode(302))
                    .addHeaders(header("Location", "https://login.example/"))
                    .setBody("go and log in"))
            .build());

    assertThat(get("/x"))
        .startsWith("HTTP/1.1 302 ")
        .contains("location: https://login.example/")
        .endsWith("go and log in");

    assertThat(backend.served()).isEmpty();
    assertThat(mesh.awaitLine("GET /x")).contains(" 302 UAEX ext_authz_denied ");
    assertThat(mesh.awaitLine("refused"))
        .contains("policy=\"shop/asks\"", "provider ext", "it answered 302");
  }

  @Test
  void denialWithoutMore_is403() throws Exception {
    ask(ofGrpc());
    decision.set(
        CheckResponse.newBuilder()
            .setStatus(Status.newBuilder().setCode(PERMISSION_DENIED))
            .build());

    assertThat(get("/x")).startsWith("HTTP/1.1 403 ");
  }

  @Test
  void headersAndQuery_areWhatTheAuthorizerMakesOfThem() throws Exception {
    ask(ofGrpc());
    decision.set(
        CheckResponse.newBuilder()
            .setOkResponse(
                OkHttpResponse.newBuilder()
                    .addHeaders(header("x-user", "me"))
                    .addHeaders(
                        header("x-list", "two").setAppend(BoolValue.newBuilder().setValue(true)))
                    .addHeaders(header("Host", "elsewhere"))
                    .addHeadersToRemove("X-Secret")
                    .addResponseHeadersToAdd(header("x-told", "client"))
                    .addQueryParametersToSet(
                        QueryParameter.newBuilder().setKey("user").setValue("m e"))
                    .addQueryParametersToRemove("token"))
            .build());

    String answer = get("/x?token=1&keep=%20", "X-User: forged", "X-List: one", "X-Secret: s");

    assertThat(answer)
        .contains("x-told: client", "GET /x?keep=%20&user=m+e")
        .containsIgnoringCase("x-user: me")
        .containsIgnoringCase("x-list: one,two")
        .containsIgnoringCase("host: a.example")
        .doesNotContain("forged", "elsewhere")
        .doesNotContainIgnoringCase("x-secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nx-injected: y", "a\0b"})
  void answerThatIsNoHttp_letsNothingPass(String value) throws Exception {
    ask(ofGrpc());
    decision.set(
        CheckResponse.newBuilder()
            .setOkResponse(OkHttpResponse.newBuilder().addHeaders(header("x-user", value)))
            .build());

    assertThat(get("/x")).startsWith("HTTP/1.1 403 ");

    assertThat(backend.served()).isEmpty();
    assertThat(mesh.awaitLine("refused")).contains("malformed answer");
  }

  @Test
  void authorizerThatDoesNotAnswerInTime_letsNothingPass() throws Exception {
    ask(ofGrpc().setTimeout(Duration.newBuilder().setNanos(200_000_000)).setStatusOnError(503));
    decision.set(null);

    assertThat(get("/x")).startsWith("HTTP/1.1 503 ");

    assertThat(backend.served()).isEmpty();
    assertThat(mesh.awaitLine("GET /x")).contains(" 503 UAEX ext_authz_error ");
    assertThat(mesh.awaitLine("refused")).contains("no answer within 200 ms", "provider ext");
  }

  @Test
  void authorizerThatMayFail_letsRequestsPassThen() throws Exception {
    ask(ofGrpc().setFailOpen(true));
    grpc.close();

    assertThat(get("/x")).startsWith("HTTP/1.1 200 ");

    assertThat(mesh.awaitLine("fails open")).contains("provider ext of shop/asks");
  }

  @Test
  void authorizerThatIsAway_letsNothingPass() throws Exception {
    ask(ofGrpc());
    grpc.close();

    assertThat(get("/x")).startsWith("HTTP/1.1 403 ");
    assertThat(backend.served()).isEmpty();
  }

  @Test
  void providerThatIsNotConfigured_letsNothingPass() throws Exception {
    ask();

    assertThat(get("/x")).startsWith("HTTP/1.1 403 ");

    assertThat(mesh.awaitLine("refused")).contains("provider ext", "extensionProviders");
  }

  @Test
  void allProvidersThatMatch_areAsked_andOneIsEnoughToRefuse() throws Exception {
    ask(ofGrpc(), ofHttp().setName("other"));
    policy("asks-other", "other", PolicyRule.newBuilder());

    assertThat(get("/both")).startsWith("HTTP/1.1 200 ");
    assertThat(grpc.asked()).hasSize(1);
    assertThat(http.served()).containsExactly("GET /both");

    assertThat(get("/status-401")).startsWith("HTTP/1.1 401 ");
    assertThat(backend.served()).containsExactly("GET /both");
  }

  @Test
  void body_isShown_andComesWhole() throws Exception {
    ask(ofGrpc().setMaxRequestBytes(1000));

    assertThat(send("POST /x", "some text", "Expect: 100-continue"))
        .startsWith("HTTP/1.1 100 ")
        .contains("HTTP/1.1 200 ", "some text");

    AttributeContext.HttpRequest request = asked().getRequest().getHttp();
    assertThat(request.getBody()).isEqualTo("some text");
    assertThat(request.getSize()).isEqualTo(9);
    assertThat(request.getHeadersMap()).containsEntry("x-envoy-auth-partial-body", "false");
  }

  @Test
  void bodyThatIsLonger_isShownInPart_ifThatIsEnough() throws Exception {
    ask(ofGrpc().setMaxRequestBytes(4).setAllowPartialBody(true).setBodyAsBytes(true));

    assertThat(send("POST /x", "a long text")).contains("HTTP/1.1 200 ", "a long text");

    AttributeContext.HttpRequest request = asked().getRequest().getHttp();
    assertThat(request.getRawBody().toString(StandardCharsets.UTF_8)).isEqualTo("a lo");
    assertThat(request.getHeadersMap()).containsEntry("x-envoy-auth-partial-body", "true");
  }

  @Test
  void bodyThatIsTooLong_is413_andAskedNobodyAbout() throws Exception {
    ask(ofGrpc().setMaxRequestBytes(4));

    assertThat(send("POST /x", "a long text")).startsWith("HTTP/1.1 413 ");

    assertThat(grpc.asked()).isEmpty();
    assertThat(backend.served()).isEmpty();
  }

  @Test
  void clientThatLeavesMeanwhile_costsNothing() throws Exception {
    ask(ofGrpc());
    decision.set(null);
    RawClient client = mesh.connect("10.96.0.1:80").send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    Eventually.holds("it is asked", LoopMesh.PATIENCE, () -> !grpc.asked().isEmpty());

    var _ = client.channel().close();

    assertThat(mesh.awaitLine("GET /x")).contains(" 0 DC ");
    decision.set(CheckResponse.getDefaultInstance());
    assertThat(get("/y")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void authorizerOfHttp_getsTheRequestWithTheHeadersItMaySee() throws Exception {
    ask(
        ofHttp()
            .setPathPrefix("/check")
            .addIncludeRequestHeaders("X-*")
            .putAdditionalHeaders("X-Mesh", "adit")
            .addHeadersToUpstream("x-backend*"));

    assertThat(get("/x?y=z", "X-Tenant: acme", "Cookie: c=1", "Authorization: Bearer t"))
        .startsWith("HTTP/1.1 200 ");

    assertThat(http.served()).containsExactly("GET /check/x?y=z");
    assertThat(http.lastHead())
        .containsIgnoringCase("x-tenant: acme")
        .containsIgnoringCase("x-mesh: adit")
        .containsIgnoringCase("authorization: Bearer t")
        .containsIgnoringCase("host: a.example")
        .doesNotContainIgnoringCase("cookie");
  }

  @Test
  void authorizerOfHttp_saysWhatTheBackendAndTheClientGet() throws Exception {
    ask(ofHttp().addHeadersToUpstream("x-echo-*").addHeadersToDownstreamOnAllow("x-echo-client"));

    String answer = get("/echo-headers");

    assertThat(answer).startsWith("HTTP/1.1 200 ");
    String head = answer.substring(0, answer.indexOf("\r\n\r\n"));
    assertThat(head).containsIgnoringCase("x-echo-client: c");
    assertThat(backend.lastHead())
        .containsIgnoringCase("x-echo-user: me")
        .containsIgnoringCase("x-echo-client: c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/status-401", "/status-302"})
  void authorizerOfHttp_thatRefuses_isAnsweredAsItSays(String path) throws Exception {
    ask(ofHttp());

    assertThat(get(path)).startsWith("HTTP/1.1 " + path.substring(8)).contains("authz GET");

    assertThat(backend.served()).isEmpty();
  }

  @Test
  void authorizerOfHttp_thatFails_letsNothingPass() throws Exception {
    ask(ofHttp());

    assertThat(get("/status-500")).startsWith("HTTP/1.1 403 ").doesNotContain("authz GET");
  }

  @Test
  void connectionThatIsNotHttp_isAskedAbout() throws Exception {
    ask(ofGrpc());
    try (TextBackend echo = TextBackend.greeting("127.0.0.2", "")) {
      publish("a", 80, echo.port(), "10.96.0.1", AppProtocol.TCP);

      RawClient client = mesh.connect("10.96.0.1:80").send("ping");
      client.await(all -> all.equals("ping"));

      AttributeContext seen = asked();
      assertThat(seen.getSource().getPrincipal()).isEqualTo(LoopMesh.CLIENT.toString());
      assertThat(seen.getRequest().hasHttp()).isFalse();

      decision.set(
          CheckResponse.newBuilder()
              .setStatus(Status.newBuilder().setCode(PERMISSION_DENIED))
              .build());
      assertThat(mesh.connect("10.96.0.1:80").send("ping").awaitEnd()).doesNotContain("ping");
    }
  }

  @Test
  void connectionThatIsNotHttp_isNotForAnAuthorizerOfHttp() throws Exception {
    ask(ofHttp());
    try (TextBackend echo = TextBackend.greeting("127.0.0.2", "")) {
      publish("a", 80, echo.port(), "10.96.0.1", AppProtocol.TCP);

      assertThat(mesh.connect("10.96.0.1:80").send("ping").awaitEnd()).doesNotContain("ping");

      assertThat(mesh.awaitLine("refused")).contains("this is no request");
    }
  }
}
