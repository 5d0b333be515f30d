package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.protos.l7.Parent;
import adit.protos.l7.Redirect;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.TrafficPolicy;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.waypoint.app.Http2Peer.Answer;
import adit.waypoint.app.Http2Peer.Call;
import adit.xds.TypeUrls;
import com.google.protobuf.Duration;
import io.netty.channel.ChannelOption;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Streams that are more than a question and an answer, and what happens to them when something
/// changes or breaks.
@SuppressWarnings("StringConcatToTextBlock") // Each line end of HTTP is to be seen.
final class StreamFaultsTest {
  private static final String A = "shop/a.shop.svc.cluster.local";

  private LoopMesh mesh;
  private TextBackend text;
  private Http2Peer.Backend http2;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    text = TextBackend.start("127.0.0.2", "text");
    http2 = new Http2Peer.Backend("127.0.0.2", 0, "http2");
  }

  @AfterEach
  void close() throws Exception {
    http2.close();
    text.close();
    mesh.close();
  }

  private RawClient overHttp1() throws Exception {
    return connect("a", AppProtocol.HTTP11, text.port(), "10.96.0.1");
  }

  private Http2Peer.Client overHttp2() throws Exception {
    return new Http2Peer.Client(connect("g", AppProtocol.GRPC, http2.port(), "10.96.0.2"));
  }

  private RawClient connect(String name, AppProtocol protocol, int port, String vip)
      throws Exception {
    publish(name, protocol, port, vip);
    return mesh.connect(vip + ":80");
  }

  private void publish(String name, AppProtocol protocol, int port, String vip) {
    Service.Builder service = LoopMesh.service(name, 80, port, vip);
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.publish(service, "127.0.0.2");
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  }

  private static Answer await(CompletableFuture<Answer> answer) throws Exception {
    return answer.get(LoopMesh.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static Call call(Http2Peer.Client client, String path) throws Exception {
    return client.open(Http2Peer.head("POST", path).set("content-type", "application/grpc"));
  }

  private void redirectAll() {
    mesh.put(
        Route.newBuilder()
            .setKind(Route.Kind.HTTP_ROUTE)
            .setNamespace("shop")
            .setName("r")
            .addParents(Parent.newBuilder().setService(A))
            .addHttp(
                Rule.newBuilder()
                    .setRedirect(Redirect.newBuilder().setHost("example.com").setStatus(302))));
  }

  private RawClient upgraded(String path) throws Exception {
    RawClient client = overHttp1();
    upgrade(client, path);
    return client;
  }

  private static void upgrade(RawClient client, String path) throws Exception {
    client.send(
        "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    client.await(all -> all.startsWith("HTTP/1.1 101 ") && all.contains("\r\n\r\n"));
  }

  // ---- Other protocols on a connection.

  @Test
  void upgrade_whoseClientEndsFirst_bringsAllBack() throws Exception {
    RawClient client = upgraded("/upgrade");

    client.send("last words").endOutput();

    assertThat(client.awaitEnd()).endsWith("last words");
  }

  @Test
  void upgrade_whoseBackendEndsFirst_stillHearsTheClient() throws Exception {
    RawClient client = overHttp1();
    client.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    upgrade(client, "/upgrade-bye");
    client.await(all -> all.endsWith("bye"));

    client.send("last words").endOutput();

    Eventually.holds(
        "the backend has heard all",
        LoopMesh.PATIENCE,
        () -> text.served().equals(List.of("last words")));
  }

  @Test
  void upgrade_outlivesItsRoute() throws Exception {
    RawClient client = upgraded("/upgrade");

    redirectAll();

    client.send("still here");
    client.await(all -> all.endsWith("still here"));
    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 302 ");
  }

  @Test
  void webSocket_talks() throws Exception {
    try (var backend = new WebSocketBackend("127.0.0.2");
        HttpClient client = HttpClient.newHttpClient()) {
      publish("w", AppProtocol.HTTP11, backend.port(), "10.96.0.3");
      try (var bridge = ByteBridge.open(mesh, "10.96.0.3:80")) {
        var heard = new Listening();
        WebSocket socket =
            client
                .newWebSocketBuilder()
                .subprotocols("chat")
                .buildAsync(URI.create("ws://127.0.0.1:" + bridge.port() + "/ws"), heard)
                .get(20, TimeUnit.SECONDS);

        assertThat(socket.getSubprotocol()).isEqualTo("chat");
        socket.sendText("hello", true).get(20, TimeUnit.SECONDS);
        assertThat(heard.text.get(20, TimeUnit.SECONDS)).isEqualTo("echo hello");
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(20, TimeUnit.SECONDS);
        assertThat(heard.closed.get(20, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
      }
    }
  }

  private static final class Listening implements WebSocket.Listener {
    private final CompletableFuture<String> text = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.complete(data.toString());
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      closed.complete(status);
      return null;
    }
  }

  @Test
  void connect_becomesBytes() throws Exception {
    RawClient client = overHttp1().send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
    String head = client.await(all -> all.contains("\r\n\r\n"));
    assertThat(head).startsWith("HTTP/1.1 200 ").doesNotContainIgnoringCase("content-length");

    client.send("raw bytes").endOutput();

    assertThat(client.awaitEnd()).endsWith("\r\n\r\nraw bytes");
  }

  // ---- Answers before the answer.

  @Test
  void expectation_isAnsweredByTheBackend_beforeTheBodyComes() throws Exception {
    RawClient client =
        overHttp1()
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
                    + "Connection: close\r\n\r\n");
    String first = client.await(all -> all.contains("\r\n\r\n"));
    assertThat(first).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");

    client.send("body");

    assertThat(client.awaitEnd()).contains("HTTP/1.1 200 ").contains("body");
  }

  @Test
  void earlyHints_reachTheClient() throws Exception {
    String answer = overHttp1().send(get("/hints")).awaitEnd();

    assertThat(answer)
        .startsWith("HTTP/1.1 103 Early Hints\r\n")
        .containsSubsequence("</style.css>; rel=preload\r\n\r\n", "HTTP/1.1 200 OK\r\n");
  }

  // ---- Backends that break.

  @Test
  void backend_thatResetsAfterItsHead_makesTheAnswerIncomplete() throws Exception {
    RawClient client = overHttp1().send(get("/reset"));
    client.await(all -> all.endsWith("some"));

    text.letGo();

    assertThat(client.awaitEnd()).startsWith("HTTP/1.1 200 ").contains("some!stream reset");
  }

  @Test
  void backend_thatResetsAStreamAfterItsHead_resetsTheClients() throws Exception {
    Http2Peer.Client client = overHttp2();

    assertThatThrownBy(() -> await(client.send(Http2Peer.head("GET", "/abort"), null, null)))
        .rootCause()
        .hasMessage("reset 2");
    assertThat(await(client.send(Http2Peer.head("GET", "/"), null, null)).body())
        .isEqualTo("http2:");
  }

  @Test
  void endpoints_thatAreAllEjected_areNotAsked_untilTheirTimeIsOver() throws Exception {
    overHttp1();
    TrafficPolicy.Builder policy =
        TrafficPolicy.newBuilder().setNamespace("shop").setName("d").addServices(A);
    policy
        .getSettingsBuilder()
        .getOutlierDetectionBuilder()
        .setConsecutive5Xx(1)
        .setMaxEjectionPercent(100)
        .setBaseEjectionTime(Duration.newBuilder().setSeconds(2));
    mesh.put(TypeUrls.TRAFFIC_POLICY, "shop/d", policy.build());

    assertThat(mesh.connect("10.96.0.1:80").send(get("/fail")).awaitEnd())
        .startsWith("HTTP/1.1 500 ");
    assertThat(mesh.connect("10.96.0.1:80").send(get("/1")).awaitEnd())
        .startsWith("HTTP/1.1 503 ")
        .contains("no healthy upstream");
    assertThat(text.served()).containsExactly("GET /fail");
    Eventually.holds(
        "the endpoint is asked again",
        LoopMesh.PATIENCE,
        () -> mesh.connect("10.96.0.1:80").send(get("/2")).awaitEnd().startsWith("HTTP/1.1 200 "));
  }

  // ---- Changes while a stream runs.

  @Test
  void request_isServedByTheConfigurationOfItsBeginning() throws Exception {
    RawClient running = overHttp1().send(get("/hold"));
    text.awaitRequest();

    redirectAll();

    assertThat(mesh.connect("10.96.0.1:80").send(get("/")).awaitEnd()).startsWith("HTTP/1.1 302 ");
    text.letGo();
    assertThat(running.awaitEnd()).startsWith("HTTP/1.1 200 ").contains("text GET /hold");
  }

  @Test
  void call_outlivesItsEndpointsRemoval() throws Exception {
    Call call = call(overHttp2(), "/s/m");
    call.send("before,");
    mesh.connects.poll(20, TimeUnit.SECONDS);

    mesh.removeEndpoints("g");

    call.end("after");
    assertThat(await(call.answer()).body()).isEqualTo("http2:before,after");
  }

  @Test
  void controlPlane_thatIsAway_isNotMissed() throws Exception {
    assertThat(overHttp1().send(get("/first")).awaitEnd()).contains("text GET /first");
    mesh.plane.stop();

    for (int i = 0; i < 20; i++) {
      assertThat(mesh.connect("10.96.0.1:80").send(get("/" + i)).awaitEnd())
          .contains("text GET /" + i);
    }
    assertThat(mesh.waypoint.readiness().isReady()).isTrue();

    mesh.plane.restart();
    publish("late", AppProtocol.HTTP11, text.port(), "10.96.0.4");
    assertThat(mesh.connect("10.96.0.4:80").send(get("/late")).awaitEnd())
        .contains("text GET /late");
  }

  // ---- Streaming.

  @Test
  void messages_goBothWaysInTurn() throws Exception {
    Call call = call(overHttp2(), "/s/m");
    call.awaitBody("http2:");
    call.send("1");
    call.awaitBody("http2:1");
    call.send("2");
    call.awaitBody("http2:12");

    call.end("3");

    assertThat(await(call.answer()).body()).isEqualTo("http2:123");
  }

  @Test
  void requests_thatTheBackendDoesNotRead_stopTheClient() throws Exception {
    Http2Peer.Client client = overHttp2();
    Call call = call(client, "/deaf");

    assertThat(call.sendUntilStandstill()).isLessThan(32L << 20);
    assertThat(await(client.send(Http2Peer.head("POST", "/"), "x".repeat(100_000), null)).body())
        .hasSize("http2:".length() + 100_000);
  }

  @Test
  void answers_thatTheClientDoesNotRead_stopTheBackend() throws Exception {
    Http2Peer.Client client = overHttp2();
    Call call = call(client, "/s/m");
    call.awaitBody("http2:");
    call.stream().config().setAutoRead(false);

    // What is sent comes back, and is not read.
    assertThat(call.sendUntilStandstill()).isLessThan(32L << 20);

    // Others go on: on the same connection, and on the same connection to the backend.
    assertThat(await(client.send(Http2Peer.head("GET", "/"), null, null)).body())
        .isEqualTo("http2:");
    var other = new Http2Peer.Client(mesh.connect("10.96.0.2:80"));
    assertThat(await(other.send(Http2Peer.head("POST", "/"), "x".repeat(100_000), null)).body())
        .hasSize("http2:".length() + 100_000);
  }

  // ---- The end.

  @ParameterizedTest
  @ValueSource(strings = {"application/grpc", "text/plain"})
  void end_letsStreamsFinish_afterGoAway(String type) throws Exception {
    Http2Peer.Client client = overHttp2();
    Call call = client.open(Http2Peer.head("POST", "/s/m").set("content-type", type));
    call.send("before,");
    call.awaitBody("http2:before,");

    mesh.waypoint.shutDown("test");
    client.goAway.get(20, TimeUnit.SECONDS);
    call.end("after");

    Answer answer = await(call.answer());
    assertThat(answer.body()).isEqualTo("http2:before,after");
    assertThat(answer.trailers()).isNotNull();
  }

  @Test
  void end_letsAnUpgradeGoOnForAWhile() throws Exception {
    RawClient client = upgraded("/upgrade");

    mesh.waypoint.shutDown("test");

    client.send("1");
    client.await(all -> all.endsWith("1"));
    client.endOutput();
    client.awaitEnd();
  }
}
