package adit.waypoint.app;

import static adit.waypoint.app.RawFrames.DATA;
import static adit.waypoint.app.RawFrames.END_HEADERS;
import static adit.waypoint.app.RawFrames.END_STREAM;
import static adit.waypoint.app.RawFrames.GET;
import static adit.waypoint.app.RawFrames.HEADERS;
import static adit.waypoint.app.RawFrames.RESET;
import static adit.waypoint.app.RawFrames.SETTINGS;
import static adit.waypoint.app.RawFrames.WINDOW_UPDATE;
import static adit.waypoint.app.RawFrames.frame;
import static adit.waypoint.app.RawFrames.framesOf;
import static adit.waypoint.app.RawFrames.hello;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Target;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.testkit.Eventually;
import adit.xds.TypeUrls;
import io.netty.handler.codec.http2.Http2Error;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Streams of HTTP/2 that become bytes both ways: CONNECT, and WebSocket by extended CONNECT.
final class Http2TunnelTest {
  /// `:status: 200`, by its index in the static table.
  private static final String OK = "\u0088";

  private static final int MUCH = 1 << 20;

  private LoopMesh mesh;
  private TextBackend text;
  private WebSocketBackend webSocket;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    text = TextBackend.start("127.0.0.2", "text");
    webSocket = new WebSocketBackend("127.0.0.2");
    publish("a", text.port(), "10.96.0.1");
    publish("w", webSocket.port(), "10.96.0.2");
  }

  @AfterEach
  void close() throws Exception {
    webSocket.close();
    text.close();
    mesh.close();
  }

  private void publish(String name, int port, String vip) {
    Service.Builder service = LoopMesh.service(name, 80, port, vip);
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(service, "127.0.0.2");
  }

  private RawClient client(String address, String head) throws Exception {
    return mesh.connect(address).send(hello() + frame(HEADERS, END_HEADERS, 1, head));
  }

  /// Literals without indexing (RFC 7541 section 6.2.2).
  private static String connect(String authority) {
    return named(2, "CONNECT") + named(1, authority);
  }

  private static String extended(String protocol, String path) {
    return connect("a") + "\u0086" + named(4, path) + "\0" + said(":protocol") + said(protocol);
  }

  private static String named(int index, String value) {
    return (char) index + said(value);
  }

  private static String said(String text) {
    return (char) text.length() + text;
  }

  private static String bytes(String received) {
    return framesOf(received, DATA, 1).stream()
        .map(RawFrames.Frame::payload)
        .collect(Collectors.joining());
  }

  @Test
  void settings_sayThatConnectMayBeExtended() throws Exception {
    RawClient client = mesh.connect("10.96.0.1:80").send(hello());

    String received = client.await(all -> !framesOf(all, SETTINGS, 0).isEmpty());

    assertThat(framesOf(received, SETTINGS, 0).getFirst().payload()).contains("\0\u0008\0\0\0\1");
  }

  @Test
  void webSocket_talksToABackendOfHttp11() throws Exception {
    String version = "\0" + said("sec-websocket-version") + said("13");
    RawClient client = client("10.96.0.2:80", extended("websocket", "/ws") + version);
    String head = client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());
    assertThat(framesOf(head, HEADERS, 1).getFirst().payload()).startsWith(OK);

    // A masked text of two letters (RFC 6455 section 5.2).
    client.send(frame(DATA, 0, 1, "\u0081\u0082\0\0\0\0hi"));

    client.await(all -> bytes(all).equals("\u0081\7echo hi"));
  }

  @Test
  void protocolThatTheBackendSwitchesTo_isCopiedBothWays_untilBothHaveEnded() throws Exception {
    RawClient client = client("10.96.0.1:80", extended("echo", "/upgrade"));
    client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());

    client.send(frame(DATA, 0, 1, "one")).await(all -> bytes(all).equals("one"));
    client.send(frame(DATA, END_STREAM, 1, "two"));

    String received =
        client.await(all ->
            framesOf(all, DATA, 1).stream().anyMatch(one -> (one.flags() & END_STREAM) != 0));
    assertThat(bytes(received)).isEqualTo("onetwo");
    assertThat(framesOf(received, RESET, 1)).isEmpty();
  }

  @Test
  void connect_becomesBytes() throws Exception {
    RawClient client = client("10.96.0.1:80", connect("a:80"));
    client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());

    client.send(frame(DATA, 0, 1, "through")).await(all -> bytes(all).equals("through"));
  }

  @Test
  void bytesThatComeBeforeTheAnswer_areNotLost() throws Exception {
    RawClient client = client("10.96.0.1:80", connect("a:80")).send(frame(DATA, 0, 1, "at once"));

    client.await(all -> bytes(all).equals("at once"));
  }

  @Test
  void backendThatEndsFirst_stillHearsTheClient() throws Exception {
    RawClient client = client("10.96.0.1:80", extended("echo", "/upgrade-bye"));
    client.await(all -> bytes(all).equals("bye"));

    client.send(frame(DATA, END_STREAM, 1, "heard"));

    Eventually.holds(
        "the backend has heard it", LoopMesh.PATIENCE, () -> text.served().contains("heard"));
  }

  @Test
  void clientThatResets_endsTheBackendsConnection() throws Exception {
    RawClient client = client("10.96.0.1:80", extended("echo", "/upgrade-bye"));
    client.await(all -> bytes(all).equals("bye"));

    client.send(frame(RESET, 0, 1, RawFrames.text((int) Http2Error.CANCEL.code())));

    Eventually.holds("the backend knows", LoopMesh.PATIENCE, () -> text.served().contains(""));
  }

  @Test
  void moreThanWindowsHold_comesWhole() throws Exception {
    RawClient client = client("10.96.0.1:80", connect("a:80"));
    client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());
    client.send(frame(WINDOW_UPDATE, 0, 0, RawFrames.text(MUCH)));
    client.send(frame(WINDOW_UPDATE, 0, 1, RawFrames.text(MUCH)));

    String block = "x".repeat(1 << 14);
    for (int sent = 0; sent < MUCH; sent += block.length()) {
      int soFar = sent;
      // As a client that keeps to windows of 64 KiB does it.
      client.await(all -> soFar - bytes(all).length() < 1 << 15);
      client.send(frame(DATA, 0, 1, block));
    }

    assertThat(bytes(client.await(all -> bytes(all).length() == MUCH)))
        .containsOnlyOnce("x".repeat(MUCH));
  }

  @Test
  void webSocket_thatTheBackendDoesNotKnow_is502() throws Exception {
    // It switches, but has not answered to the key.
    RawClient client = client("10.96.0.1:80", extended("websocket", "/upgrade"));

    String received = client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());

    assertThat(framesOf(received, HEADERS, 1).getFirst().payload()).contains("502");
  }

  @Test
  void webSocket_thatAPolicyDenies_is403_andReachesNoBackend() throws Exception {
    mesh.put(
        TypeUrls.REQUEST_POLICY,
        "shop/none",
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName("none")
            .setAction(RequestPolicy.Action.ALLOW)
            .addTargets(Target.newBuilder().setService("shop/a.shop.svc.cluster.local"))
            .build());
    RawClient client = client("10.96.0.1:80", extended("echo", "/upgrade"));

    String received = client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());

    assertThat(framesOf(received, HEADERS, 1).getFirst().payload()).contains("403");
    assertThat(mesh.connects).isEmpty();
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, GET));
    client.await(all -> !framesOf(all, HEADERS, 3).isEmpty());
  }

  @Test
  void protocolWithoutConnect_isMalformed() throws Exception {
    RawClient client = client("10.96.0.1:80", GET + "\0" + said(":protocol") + said("websocket"));

    String received = client.await(all -> !framesOf(all, RESET, 1).isEmpty());

    assertThat(framesOf(received, RESET, 1).getFirst().error())
        .isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
  }
}
