package adit.waypoint.app;

import static adit.waypoint.app.RawFrames.CONTINUATION;
import static adit.waypoint.app.RawFrames.DATA;
import static adit.waypoint.app.RawFrames.END_HEADERS;
import static adit.waypoint.app.RawFrames.END_STREAM;
import static adit.waypoint.app.RawFrames.GET;
import static adit.waypoint.app.RawFrames.GO_AWAY;
import static adit.waypoint.app.RawFrames.HEADERS;
import static adit.waypoint.app.RawFrames.POST;
import static adit.waypoint.app.RawFrames.RESET;
import static adit.waypoint.app.RawFrames.frame;
import static adit.waypoint.app.RawFrames.framesOf;
import static adit.waypoint.app.RawFrames.hello;
import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.waypoint.app.Http2Peer.Answer;
import adit.waypoint.listener.HttpLimits;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that are slow, greedy or half gone. The limits of time are short here.
final class ClientLimitsTest {
  private static final int WHOLE = END_STREAM | END_HEADERS;
  private static final Duration SHORT = Duration.ofMillis(400);

  private LoopMesh mesh;
  private TextBackend text;
  private Http2Peer.Backend http2;

  @BeforeEach
  void open() throws Exception {
    mesh =
        new LoopMesh(
            new HttpLimits(16 << 10, 60 << 10, SHORT, SHORT, Duration.ofHours(1), 100, 1 << 20));
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
    return client("t", AppProtocol.HTTP11, text.port(), "10.96.0.1");
  }

  /// A client of HTTP/2 whose backend speaks HTTP/1.1.
  private RawClient overBoth() throws Exception {
    return overHttp1().send(hello());
  }

  private RawClient overHttp2() throws Exception {
    return client("h", AppProtocol.HTTP2, http2.port(), "10.96.0.2");
  }

  private RawClient client(String name, AppProtocol protocol, int port, String vip)
      throws Exception {
    Service.Builder service = LoopMesh.service(name, 80, port, vip);
    service.getPortsBuilder(0).setAppProtocol(protocol);
    mesh.publish(service, "127.0.0.2");
    return mesh.connect(vip + ":80");
  }

  /// Sends one byte after the other until the channel closes.
  private static void drip(RawClient client) {
    ScheduledFuture<?> drip =
        client
            .channel()
            .eventLoop()
            .scheduleAtFixedRate(() -> client.send("x"), 0, 50, TimeUnit.MILLISECONDS);
    client.channel().closeFuture().addListener(_ -> drip.cancel(false));
  }

  /// Does it when the limits have passed more than twice.
  private void later(Runnable action) {
    CompletableFuture.delayedExecutor(3 * SHORT.toMillis(), TimeUnit.MILLISECONDS).execute(action);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET /x", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a"})
  void head_thatDoesNotEnd_is408(String begin) throws Exception {
    assertThat(overHttp1().send(begin).awaitEnd()).startsWith("HTTP/1.1 408 ");
  }

  @Test
  void head_thatComesByteForByte_is408() throws Exception {
    RawClient client = overHttp1().send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    drip(client);

    assertThat(client.awaitEnd()).startsWith("HTTP/1.1 408 ");
  }

  @Test
  void secondHead_hasItsTimeToo() throws Exception {
    RawClient client = overHttp1().send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HT");

    assertThat(client.awaitEnd())
        .startsWith("HTTP/1.1 200 ")
        .contains("text GET /1")
        .contains("HTTP/1.1 408 ");
  }

  @Test
  void body_thatStops_is408() throws Exception {
    RawClient client =
        overHttp1().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");

    assertThat(client.awaitEnd()).startsWith("HTTP/1.1 408 ");
    text.awaitCutOff();
    assertThat(text.served()).isEmpty();
  }

  @Test
  void bodyOfAStream_thatStops_is408() throws Exception {
    RawClient client = overBoth().send(frame(HEADERS, END_HEADERS, 1, POST));

    String received = client.await(all -> !framesOf(all, RESET, 1).isEmpty());
    assertThat(framesOf(received, HEADERS, 1).getFirst().payload()).contains("408");
    text.awaitCutOff();
  }

  @Test
  void backend_hasTheTimeThatItsRouteGivesIt() throws Exception {
    RawClient client =
        overHttp1()
            .send(
                "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
    text.awaitRequest();

    later(text::letGo);

    assertThat(client.awaitEnd()).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void call_mayBeSilent() throws Exception {
    RawClient raw = overHttp2();
    var client = new Http2Peer.Client(raw);
    var call = client.open(Http2Peer.head("POST", "/s/m").set("content-type", "application/grpc"));

    later(() -> call.end("late"));

    Answer answer = call.answer().get(20, TimeUnit.SECONDS);
    assertThat(answer.body()).isEqualTo("http2:late");
  }

  @Test
  void answer_thatNobodyTakes_isCut() throws Exception {
    RawClient client = overHttp1();
    client.channel().config().setAutoRead(false);
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");

    text.awaitCutOff();
  }

  @Test
  void answerOfAStream_thatNobodyTakes_isReset() throws Exception {
    // No window is ever given back.
    RawClient client =
        overHttp2().send(hello() + frame(HEADERS, WHOLE, 1, "\u0083\u0086\4\6/early\1\1a"));

    String received = client.await(all -> !framesOf(all, RESET, 1).isEmpty());

    assertThat(sizeOf(received)).isEqualTo(65_535);
    assertThat(framesOf(received, RESET, 1).getFirst().error()).isEqualTo(8);
  }

  private static int sizeOf(String received) {
    return framesOf(received, DATA, 1).stream().mapToInt(one -> one.payload().length()).sum();
  }

  @Test
  void clientThatEndsAfterItsRequest_isAnswered() throws Exception {
    String get = "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n";
    RawClient client = overHttp1().send(get.formatted(1) + get.formatted(2));
    client.endOutput();

    assertThat(client.awaitEnd()).contains("text GET /1").contains("text GET /2");
  }

  @Test
  void clientThatEndsInItsRequest_reachesNoBackendWhole() throws Exception {
    RawClient client =
        overHttp1().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    text.awaitRequest();
    client.endOutput();

    assertThat(client.awaitEnd()).startsWith("HTTP/1.1 400 ");
    text.awaitCutOff();
    assertThat(text.served()).isEmpty();
  }

  @Test
  void target_ofAStream_hasALimit() throws Exception {
    var client = new Http2Peer.Client(overHttp2());

    Answer answer =
        client
            .send(Http2Peer.head("GET", "/" + "x".repeat(20_000)), null, null)
            .get(20, TimeUnit.SECONDS);

    assertThat(answer.headers().status()).hasToString("414");
  }

  @Test
  void headersOfAStream_haveALimit() throws Exception {
    String block = GET + "\0\1x" + "\u007f\u00b1\u00e3\u0003" + "x".repeat(62_000);
    var frames = new StringBuilder(hello() + frame(HEADERS, END_STREAM, 1, ""));
    for (int at = 0; at < block.length(); at += 16_000) {
      int end = Math.min(block.length(), at + 16_000);
      int flags = end == block.length() ? END_HEADERS : 0;
      frames.append(frame(CONTINUATION, flags, 1, block.substring(at, end)));
    }

    String received =
        overHttp2().send(frames.toString()).await(all -> !framesOf(all, HEADERS, 1).isEmpty());

    assertThat(framesOf(received, HEADERS, 1).getFirst().payload()).contains("431");
    assertThat(mesh.connects).isEmpty();
  }

  /// 100 bytes that would unpack to 400,000.
  @Test
  void headersThatUnpackToMuch_reachNoBackend() throws Exception {
    String large = "@\1y" + "\u007f\u00a1\u001e" + "y".repeat(4000);
    String again = "\u00be".repeat(100);

    RawClient client = overHttp2().send(hello() + frame(HEADERS, WHOLE, 1, GET + large + again));

    String received = client.await(all -> !framesOf(all, HEADERS, 1).isEmpty());
    assertThat(framesOf(received, HEADERS, 1).getFirst().payload()).contains("431");
    assertThat(mesh.connects).isEmpty();
  }

  @Test
  void headersThatNeverEnd_endTheConnection() throws Exception {
    RawClient client = overHttp2().send(hello() + frame(HEADERS, END_STREAM, 1, GET));
    String part = frame(CONTINUATION, 0, 1, "\0\1x\1y");

    String received = client.send(part.repeat(20_000)).awaitEnd();

    assertThat(framesOf(received, GO_AWAY, 0)).hasSize(1);
    assertThat(mesh.connects).isEmpty();
  }

  @Test
  void streamsThatAreResetAtOnce_endTheConnection() throws Exception {
    var all = new StringBuilder(hello());
    for (int stream = 1; stream < 1001; stream += 2) {
      all.append(frame(HEADERS, WHOLE, stream, GET))
          .append(frame(RESET, 0, stream, "\0\0\0\u0008"));
    }

    String received = overHttp2().send(all.toString()).awaitEnd();

    assertThat(framesOf(received, GO_AWAY, 0)).hasSize(1);
    assertThat(framesOf(received, GO_AWAY, 0).getFirst().error()).isEqualTo(11);
  }

  /// Each wants an answer that the client does not read.
  @ParameterizedTest
  @ValueSource(ints = {4, 6})
  void questionsWhoseAnswersNobodyReads_endTheConnection(int type) throws Exception {
    overHttp2().channel().close().get();
    RawClient client = mesh.connectNarrow("10.96.0.2:80").send(hello());
    client.channel().config().setAutoRead(false);
    String one = frame(type, 0, 0, type == 6 ? "12345678" : "");
    byte[] many = one.repeat(1000).getBytes(StandardCharsets.ISO_8859_1);

    ScheduledFuture<?> flood =
        client
            .channel()
            .eventLoop()
            .scheduleAtFixedRate(
                () -> {
                  if (client.channel().isWritable()) {
                    var _ = client.channel().writeAndFlush(Unpooled.wrappedBuffer(many));
                  }
                },
                0,
                1,
                TimeUnit.MILLISECONDS);

    mesh.awaitConnections(0);
    flood.cancel(false);
  }
}
