package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Target;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.waypoint.app.Http2Peer.Answer;
import adit.xds.TypeUrls;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// HTTP/2 and gRPC, through the whole program.
final class Http2Test {
  private LoopMesh mesh;
  private Http2Peer.Backend first;
  private Http2Peer.Backend second;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    first = new Http2Peer.Backend("127.0.0.2", 0, "first");
    second = new Http2Peer.Backend("127.0.0.3", first.port(), "second");
    mesh.serveNode("127.0.0.3", mesh.hbone(), LoopMesh.identity("backend"));
  }

  @AfterEach
  void close() throws Exception {
    first.close();
    second.close();
    mesh.close();
  }

  private Http2Peer.Client client(AppProtocol protocol) throws Exception {
    Service.Builder service = LoopMesh.service("a", 80, first.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.publish(service, "127.0.0.2", "127.0.0.3");
    return new Http2Peer.Client(mesh.connect("10.96.0.1:80"));
  }

  private static Answer await(CompletableFuture<Answer> answer) throws Exception {
    return answer.get(LoopMesh.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /// Netty's clients begin with stream 3, all others with 1.
  @Test
  void firstStream_ofMostClients_isAnswered() throws Exception {
    Service.Builder service = LoopMesh.service("a", 80, first.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP2);
    mesh.publish(service, "127.0.0.2");
    RawClient client = mesh.connect("10.96.0.1:80");

    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
    // HEADERS, END_STREAM and END_HEADERS, stream 1: GET http / of host "a".
    client.send("\0\0\6\1\5\0\0\0\1\u0082\u0086\u0084\1\1a");

    assertThat(client.await(text -> text.contains("first"))).contains("first");
  }

  @Test
  void call_withTrailersBothWays_passesWhole() throws Exception {
    Http2Headers head =
        Http2Peer.head("POST", "/pkg.S/M")
            .set("content-type", "application/grpc")
            .set("te", "trailers");

    Answer answer =
        await(
            client(AppProtocol.GRPC)
                .send(head, "message", new DefaultHttp2Headers().set("x-trailer", "last")));

    assertThat(answer.headers().status()).hasToString("200");
    assertThat(answer.headers().get("x-asked")).hasToString("POST a.shop/pkg.S/M");
    assertThat(answer.headers().get("x-version")).hasToString("HTTP/2");
    assertThat(answer.headers().get("x-te")).hasToString("trailers");
    assertThat(answer.body()).endsWith(":message");
    assertThat(answer.trailers()).isNotNull();
    assertThat(answer.trailers().get("grpc-status")).hasToString("0");
    assertThat(answer.trailers().get("x-sent")).hasToString("last");
  }

  @Test
  void messages_ofACall_areCountedBothWays() throws Exception {
    Http2Headers head = Http2Peer.head("POST", "/s/m").set("content-type", "application/grpc");

    // Two messages; what the backend says before its echo reads as one that never ends.
    await(client(AppProtocol.GRPC).send(head, "\0\0\0\0\1a\0\0\0\0\0", null));

    assertThat(mesh.waypoint.metrics().text())
        .asString(StandardCharsets.UTF_8)
        .containsPattern("istio_request_messages_total\\{.*request_protocol=\"grpc\".* 2.0\n")
        .containsPattern("istio_response_messages_total\\{.* 1.0\n");
  }

  @Test
  void portThatSaysNothing_isHttp2ByItsPreface() throws Exception {
    Answer answer =
        await(client(AppProtocol.UNKNOWN).send(Http2Peer.head("GET", "/x"), null, null));

    assertThat(answer.headers().get("x-version")).hasToString("HTTP/2");
  }

  @Test
  void callsOnOneConnection_areSpreadOverEndpoints() throws Exception {
    Http2Peer.Client client = client(AppProtocol.HTTP2);
    List<CompletableFuture<Answer>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(client.send(Http2Peer.head("GET", "/" + i), null, null));
    }
    long ofFirst = 0;
    for (CompletableFuture<Answer> one : all) {
      ofFirst += await(one).body().equals("first:") ? 1 : 0;
    }

    assertThat(ofFirst).isBetween(20L, 80L);
    assertThat(mesh.connects).as("tunnels").hasSizeLessThanOrEqualTo(4);
  }

  @Test
  void denial_ofACall_isAStatusOfGrpc() throws Exception {
    Http2Peer.Client client = client(AppProtocol.GRPC);
    mesh.put(
        TypeUrls.REQUEST_POLICY,
        "shop/nothing",
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName("nothing")
            .setAction(RequestPolicy.Action.ALLOW)
            .addTargets(Target.newBuilder().setService("shop/a.shop.svc.cluster.local"))
            .build());

    Answer answer =
        await(
            client.send(
                Http2Peer.head("POST", "/s/m").set("content-type", "application/grpc"), "m", null));

    assertThat(answer.headers().status()).hasToString("200");
    assertThat(answer.headers().get("grpc-status")).hasToString("7");
    assertThat(answer.headers().get("grpc-message")).hasToString("RBAC: access denied");
  }

  @Test
  void http11Backend_servesAnHttp2Client() throws Exception {
    try (TextBackend text = TextBackend.start("127.0.0.2", "text")) {
      Service.Builder service = LoopMesh.service("t", 80, text.port(), "10.96.0.9");
      service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
      mesh.publish(service, "127.0.0.2");
      var client = new Http2Peer.Client(mesh.connect("10.96.0.9:80"));

      Answer answer =
          await(client.send(Http2Peer.head("POST", "/x").set("cookie", "a=1"), "body", null));

      assertThat(answer.body())
          .contains("text POST /x")
          .containsIgnoringCase("host: a.shop")
          .containsIgnoringCase("transfer-encoding: chunked")
          .contains("body");
    }
  }

  static Stream<UnaryOperator<Http2Headers>> malformed() {
    return Stream.of(
        head -> {
          head.remove(":path");
          return head;
        },
        head -> {
          head.remove(":method");
          return head;
        },
        head -> {
          head.remove(":scheme");
          return head;
        },
        head -> head.path("relative"),
        head -> head.authority("a b"),
        head -> head.set("connection", "close"),
        head -> head.set("te", "gzip"),
        head -> head.set("Upper", "x"),
        head -> head.set(":unknown", "x"),
        head -> head.set("x", "a\r\nb: c"),
        head -> head.set("content-length", "5"));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void request_thatIsMalformed_isReset(UnaryOperator<Http2Headers> change) throws Exception {
    Http2Peer.Client client = client(AppProtocol.HTTP2);
    ThrowingCallable call =
        () -> await(client.send(change.apply(Http2Peer.head("GET", "/")), null, null));

    assertThatThrownBy(call).rootCause().hasMessageMatching("reset 1|closed");
    assertThat(mesh.connects).isEmpty();
  }

  @Test
  void end_saysGoAway() throws Exception {
    Http2Peer.Client client = client(AppProtocol.HTTP2);
    await(client.send(Http2Peer.head("GET", "/"), null, null));

    mesh.waypoint.shutDown("test");

    assertThat(client.goAway.get(LoopMesh.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }
}
