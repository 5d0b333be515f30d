package adit.waypoint.app;

import static adit.waypoint.app.RawFrames.DATA;
import static adit.waypoint.app.RawFrames.END_HEADERS;
import static adit.waypoint.app.RawFrames.END_STREAM;
import static adit.waypoint.app.RawFrames.GET;
import static adit.waypoint.app.RawFrames.GO_AWAY;
import static adit.waypoint.app.RawFrames.HEADERS;
import static adit.waypoint.app.RawFrames.POST;
import static adit.waypoint.app.RawFrames.RESET;
import static adit.waypoint.app.RawFrames.WINDOW_UPDATE;
import static adit.waypoint.app.RawFrames.frame;
import static adit.waypoint.app.RawFrames.framesOf;
import static adit.waypoint.app.RawFrames.hello;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.DirectResponse;
import adit.protos.l7.Parent;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that break HTTP/2 (RFC 9113), frame by frame.
final class Http2ProtocolTest {
  private static final int FLOW_CONTROL_ERROR = 3;
  private static final int STREAM_CLOSED = 5;
  private static final int WHOLE = END_STREAM | END_HEADERS;

  private LoopMesh mesh;
  private Http2Peer.Backend backend;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    backend = new Http2Peer.Backend("127.0.0.2", 0, "first");
  }

  @AfterEach
  void close() throws Exception {
    backend.close();
    mesh.close();
  }

  private RawClient client() throws Exception {
    Service.Builder service = LoopMesh.service("a", 80, backend.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP2);
    mesh.publish(service, "127.0.0.2");
    return mesh.connect("10.96.0.1:80");
  }

  private static void awaitAnswer(RawClient client, int stream) throws Exception {
    client.await(
        text -> framesOf(text, HEADERS, stream).stream().anyMatch(one -> (one.flags() & 1) != 0));
  }

  private static int errorOfGoAway(String received) {
    assertThat(framesOf(received, GO_AWAY, 0)).as("GOAWAY").hasSize(1);
    return framesOf(received, GO_AWAY, 0).getFirst().error();
  }

  @ParameterizedTest
  @ValueSource(strings = {"INVALID CONNECTION PREFACE\r\n\r\n", "\r\n\r\n", "\0\0\0\4\0\0\0\0\0\n"})
  void preface_thatIsNone_isNotAnswered(String bytes) throws Exception {
    assertThat(client().send(bytes).awaitEnd()).isEmpty();
  }

  @Test
  void http11_onAPortOfHttp2_isServed() throws Exception {
    String answer =
        client().send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").awaitEnd();

    assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("x-asked: GET a/x\r\n");
  }

  @Test
  void stream_belowOneThatWasSeen_endsTheConnection() throws Exception {
    RawClient client = client();
    client.send(hello() + frame(HEADERS, WHOLE, 5, GET));
    awaitAnswer(client, 5);

    client.send(frame(HEADERS, WHOLE, 3, GET));

    String received = client.awaitEnd();
    assertThat(errorOfGoAway(received)).isEqualTo(STREAM_CLOSED);
    assertThat(framesOf(received, HEADERS, 3)).isEmpty();
  }

  @Test
  void stream_thatIsOver_endsTheConnectionWhenItGoesOn() throws Exception {
    RawClient client = client();
    client.send(hello() + frame(HEADERS, WHOLE, 1, GET));
    awaitAnswer(client, 1);

    client.send(frame(HEADERS, WHOLE, 1, GET));

    assertThat(errorOfGoAway(client.awaitEnd())).isEqualTo(STREAM_CLOSED);
  }

  @Test
  void stream_whoseRequestIsOver_isResetWhenItGoesOn() throws Exception {
    try (TextBackend slow = TextBackend.start("127.0.0.2", "slow")) {
      Service.Builder service = LoopMesh.service("s", 80, slow.port(), "10.96.0.2");
      service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
      mesh.publish(service, "127.0.0.2");
      RawClient client = mesh.connect("10.96.0.2:80");
      // GET /hold: a path of its own, not from the table.
      client.send(hello() + frame(HEADERS, WHOLE, 1, "\u0082\u0086\4\5/hold\1\1a"));
      slow.awaitRequest();

      client.send(frame(HEADERS, WHOLE, 1, GET));

      String received = client.await(text -> !framesOf(text, RESET, 1).isEmpty());
      assertThat(framesOf(received, RESET, 1).getFirst().error()).isEqualTo(STREAM_CLOSED);
    }
  }

  @Test
  void trailers_ofAStreamThatWeEnded_areNotHeldAgainstTheClient() throws Exception {
    RawClient client = client();
    mesh.put(
        Route.newBuilder()
            .setKind(Route.Kind.HTTP_ROUTE)
            .setNamespace("shop")
            .setName("r")
            .addParents(Parent.newBuilder().setService("shop/a.shop.svc.cluster.local"))
            .addHttp(
                Rule.newBuilder().setDirectResponse(DirectResponse.newBuilder().setStatus(200))));
    client.send(hello() + frame(HEADERS, END_HEADERS, 1, POST));
    client.await(text -> !framesOf(text, RESET, 1).isEmpty());

    client.send(frame(HEADERS, WHOLE, 1, "\0\1x\1y") + frame(HEADERS, WHOLE, 3, GET));

    awaitAnswer(client, 3);
  }

  @Test
  void window_thatOverflows_endsTheConnection() throws Exception {
    String update = frame(WINDOW_UPDATE, 0, 0, RawFrames.text(Integer.MAX_VALUE));

    String received = client().send(hello() + update).awaitEnd();

    assertThat(errorOfGoAway(received)).isEqualTo(FLOW_CONTROL_ERROR);
  }

  @Test
  void answer_beforeTheRequestHasEnded_comesWhole() throws Exception {
    RawClient client =
        client().send(hello() + frame(HEADERS, END_HEADERS, 1, "\u0083\u0086\4\6/early\1\1a"));
    String before = client.await(all -> sizeOf(all) == 65_535);
    assertThat(framesOf(before, RESET, 1)).isEmpty();

    String room = RawFrames.text(1 << 20);
    client.send(frame(WINDOW_UPDATE, 0, 0, room) + frame(WINDOW_UPDATE, 0, 1, room));

    String received = client.await(all -> !framesOf(all, RESET, 1).isEmpty());
    assertThat(sizeOf(received)).isEqualTo(Http2Peer.EARLY);
    assertThat(framesOf(received, RESET, 1).getFirst().error()).isZero();
  }

  private static int sizeOf(String received) {
    return framesOf(received, DATA, 1).stream().mapToInt(one -> one.payload().length()).sum();
  }
}
