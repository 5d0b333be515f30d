package adit.hbone;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import adit.hbone.wire.ErrorCode;
import adit.hbone.wire.Frames;
import adit.hbone.wire.HeaderBlock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a server answers to frames that a good client never sends. Frames are written by hand, in
/// hexadecimal: length, type, flags, stream, payload.
final class HostilePeerTest {
  private static final String SETTINGS = "000000 04 00 00000000";
  private static final int HEADERS = 1;
  private static final int RST = 3;
  private static final int PING = 6;
  private static final int GOAWAY = 7;

  private final List<ConnectRequest> requests = new ArrayList<>();
  private final List<Responder> responders = new ArrayList<>();
  private final List<Throwable> broken = new ArrayList<>();
  private EmbeddedChannel channel;

  /// A frame that the server wrote.
  private record Frame(int type, int flags, int stream, ByteBuf payload) {
    int code() {
      return payload.getInt(type == GOAWAY ? 4 : 0);
    }
  }

  @BeforeEach
  void start() {
    ConnectHandler handler =
        new ConnectHandler() {
          @Override
          public void connect(ConnectRequest request, Responder responder) {
            requests.add(request);
            responders.add(responder);
          }

          @Override
          public void broken(TunnelPeer peer, Throwable cause) {
            broken.add(cause);
          }
        };
    Http2Settings settings = Http2Settings.server();
    channel = new EmbeddedChannel();
    channel.freezeTime();
    channel.pipeline().addLast(new Link(true, settings, new ServerEnd(handler, settings)));
    channel.runPendingTasks();
  }

  @AfterEach
  void stop() {
    channel.finishAndReleaseAll();
  }

  private void greet() {
    send(Unpooled.wrappedBuffer(Frames.PREFACE));
    send(SETTINGS);
    var _ = written();
  }

  private void send(ByteBuf bytes) {
    channel.writeInbound(bytes);
    channel.runPendingTasks();
  }

  private void send(String hex) {
    send(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replace(" ", ""))));
  }

  private void headers(int stream, boolean end, Consumer<HeaderBlock> fields) {
    ByteBuf block = Unpooled.buffer();
    fields.accept(new HeaderBlock(block));
    send(Frames.headers(channel.alloc(), stream, block, end, 1 << 20));
  }

  private void connect(int stream) {
    headers(stream, false, block -> block.connect("10.0.0.1:80"));
  }

  private List<Frame> written() {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      all.writeBytes(out);
      out.release();
    }
    List<Frame> frames = new ArrayList<>();
    while (all.isReadable()) {
      byte[] payload = new byte[all.readUnsignedMedium()];
      Frame frame =
          new Frame(all.readByte(), all.readByte(), all.readInt(), Unpooled.wrappedBuffer(payload));
      all.readBytes(payload);
      frames.add(frame);
    }
    return frames;
  }

  private void assertGoAway(int code) {
    Frame last = written().getLast();
    assertThat(last.type()).as("frame type").isEqualTo(GOAWAY);
    assertThat(last.code()).as("error code").isEqualTo(code);
    assertThat(channel.isOpen()).isFalse();
    assertThat(broken).hasSize(1);
  }

  private void assertReset(int stream, int code) {
    Frame last = written().getLast();
    assertThat(last.type()).as("frame type").isEqualTo(RST);
    assertThat(last.stream()).isEqualTo(stream);
    assertThat(last.code()).as("error code").isEqualTo(code);
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void greeting_saysTheLimits() {
    List<Frame> frames = written();

    assertThat(frames).hasSize(2);
    assertThat(ByteBufUtil.hexDump(frames.getFirst().payload()))
        .isEqualTo("0003000000c8" + "000400400000" + "000500100000" + "000600010000");
    assertThat(frames.getLast().payload().getInt(0)).isEqualTo((16 << 20) - 65_535);
  }

  @Test
  void connect_accepted_then200() {
    greet();
    connect(1);

    assertThat(requests.getFirst().head().authority()).isEqualTo("10.0.0.1:80");
    var _ = responders.getFirst().accept(null);
    channel.runPendingTasks();
    Frame answer = written().getFirst();
    assertThat(answer.type()).isEqualTo(HEADERS);
    assertThat(ByteBufUtil.hexDump(answer.payload())).isEqualTo("88");
  }

  @Test
  void request_cutIntoSingleBytes_isRead() {
    ByteBuf block = Unpooled.buffer();
    new HeaderBlock(block).connect("10.0.0.1:80");
    ByteBuf all =
        Unpooled.wrappedBuffer(
            Unpooled.wrappedBuffer(Frames.PREFACE),
            Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(SETTINGS.replace(" ", ""))),
            Frames.headers(channel.alloc(), 1, block, true, 1 << 20));
    while (all.isReadable()) {
      send(Unpooled.buffer(1).writeByte(all.readByte()));
    }
    all.release();

    assertThat(requests).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    // What comes, error code of the GOAWAY.
    "000000 00 00 00000000, 1", // DATA on stream 0
    "000001 00 00 00000001 ff, 1", // DATA on an idle stream
    "000001 00 08 00000001 05, 1", // padding longer than the payload
    "000000 00 08 00000001, 6", // padded without pad length
    "100001 00 00 00000001, 6", // larger than announced
    "000000 01 04 00000000, 1", // HEADERS on stream 0
    "000000 01 04 00000002, 1", // even stream
    "000001 01 04 00000001 80, 9", // HPACK index 0
    "000003 01 24 00000001 000000, 6", // priority cut off
    "000005 01 24 00000001 0000000110, 1", // depends on itself
    "000000 03 00 00000001, 1", // RST_STREAM idle... length first
    "000004 03 00 00000000 00000000, 1", // RST_STREAM on stream 0
    "000004 03 00 00000001 00000000, 1", // RST_STREAM on an idle stream
    "000003 03 00 00000001 000000, 6", // RST_STREAM of a wrong length
    "000001 04 01 00000000 00, 6", // SETTINGS ACK with payload
    "000005 04 00 00000000 0000000000, 6", // no multiple of six
    "000006 04 00 00000001 000300000001, 1", // SETTINGS on a stream
    "000006 04 00 00000000 000200000002, 1", // ENABLE_PUSH 2
    "000006 04 00 00000000 000480000000, 3", // window too large
    "000006 04 00 00000000 000500003fff, 1", // frame size too small
    "000006 04 00 00000000 000501000000, 1", // frame size too large
    "000004 05 04 00000001 00000002, 1", // PUSH_PROMISE
    "000008 06 00 00000001 0000000000000000, 1", // PING on a stream
    "000006 06 00 00000000 000000000000, 6", // PING of a wrong length
    "000007 07 00 00000000 00000000000000, 6", // GOAWAY too short
    "000008 07 00 00000001 0000000000000000, 1", // GOAWAY on a stream
    "000004 08 00 00000000 00000000, 1", // WINDOW_UPDATE by 0
    "000003 08 00 00000000 000000, 6", // of a wrong length
    "000004 08 00 00000001 00000001, 1", // on an idle stream
    "000004 08 00 00000000 7fffffff, 3", // beyond the largest window
    "000000 09 04 00000001, 1", // CONTINUATION without HEADERS
    "002000 06 00 00000000, 6", // a control frame of 8 KiB
    "040001 01 04 00000001, 11", // a header block of 256 KiB and one
  })
  void frame_againstTheProtocol_endsTheConnection(String hex, int code) {
    greet();

    send(hex);

    if (hex.startsWith("000000 03")) {
      // Both its length and its stream are wrong; either may be said.
      assertThat(written().getLast().type()).isEqualTo(GOAWAY);
    } else {
      assertGoAway(code);
    }
  }

  @Test
  void preface_wrong_endsTheConnection() {
    send(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", US_ASCII));

    assertGoAway(ErrorCode.PROTOCOL_ERROR);
  }

  @Test
  void firstFrame_notSettings_endsTheConnection() {
    send(Unpooled.wrappedBuffer(Frames.PREFACE));
    send("000008 06 00 00000000 0000000000000000");

    assertGoAway(ErrorCode.PROTOCOL_ERROR);
  }

  @Test
  void block_interrupted_endsTheConnection() {
    greet();
    send("000001 01 00 00000001 82");
    send("000008 06 00 00000000 0000000000000000");

    assertGoAway(ErrorCode.PROTOCOL_ERROR);
  }

  @Test
  void block_continued_isRead() {
    greet();
    ByteBuf block = Unpooled.buffer();
    new HeaderBlock(block).connect("10.0.0.1:80");
    send(Frames.headers(channel.alloc(), 1, block, false, 5));

    assertThat(requests).hasSize(1);
  }

  @Test
  void block_continuedWithoutEnd_endsTheConnection() {
    greet();
    send("000001 01 00 00000001 82");
    for (int i = 0; i < 200 && channel.isOpen(); i++) {
      send("000000 09 00 00000001");
    }

    assertGoAway(ErrorCode.ENHANCE_YOUR_CALM);
  }

  @Test
  void block_neverEnded_timesOut() {
    greet();
    connect(1);
    send("000001 01 00 00000003 82");
    channel.advanceTimeBy(11, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    channel.runPendingTasks();

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void preface_neverSent_timesOut() {
    channel.advanceTimeBy(11, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void firstRequest_neverSent_timesOut() {
    greet();
    for (int i = 0; i < 4; i++) {
      channel.advanceTimeBy(9, TimeUnit.SECONDS);
      channel.runScheduledPendingTasks();
      answerPings();
    }

    assertThat(channel.isOpen()).isFalse();
  }

  private void answerPings() {
    for (Frame frame : written()) {
      if (frame.type() == PING && frame.flags() == 0 && channel.isOpen()) {
        send(Frames.ping(channel.alloc(), frame.payload().getLong(0), true));
      }
    }
  }

  @Test
  void ping_notAnswered_endsTheConnection() {
    greet();
    connect(1);
    channel.advanceTimeBy(10, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    channel.runPendingTasks();
    assertThat(written().getLast().type()).isEqualTo(PING);
    channel.advanceTimeBy(20, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();

    assertGoAway(ErrorCode.NO_ERROR);
  }

  @Test
  void ping_answered_connectionStays() {
    greet();
    connect(1);
    for (int i = 0; i < 20; i++) {
      channel.advanceTimeBy(9, TimeUnit.SECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
      answerPings();
    }

    assertThat(channel.isOpen()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "CONNECT, 10.0.0.1:80, https, -",
        "CONNECT, 10.0.0.1:80, -, /",
        "GET, a, https, -",
        "GET, a, -, /",
        "GET, -, -, -",
      })
  void request_pseudoHeadersWrong_isReset(
      String method, String authority, String scheme, String path) {
    greet();
    headers(
        1,
        true,
        block -> {
          block.field(":method", method);
          pseudo(block, ":authority", authority);
          pseudo(block, ":scheme", scheme);
          pseudo(block, ":path", path);
        });

    assertReset(1, ErrorCode.PROTOCOL_ERROR);
    assertThat(requests).isEmpty();
  }

  private static void pseudo(
      HeaderBlock block, String name, @org.jspecify.annotations.Nullable String value) {
    if (value != null) {
      block.field(name, value);
    }
  }

  @ParameterizedTest
  @CsvSource({
    ":protocol, websocket",
    ":authority, twice:80",
    ":status, 200",
    ":unknown, x",
    "connection, close",
    "te, gzip",
    "Upper, x",
  })
  void connect_withFieldThatMayNotBe_isReset(String name, String value) {
    greet();
    headers(1, false, block -> block.connect("10.0.0.1:80").field(name, value));

    assertReset(1, ErrorCode.PROTOCOL_ERROR);
  }

  @Test
  void get_isForTheHandlerToRefuse() {
    greet();
    headers(
        1,
        true,
        block ->
            block
                .field(":method", "GET")
                .field(":scheme", "https")
                .field(":path", "/")
                .field(":authority", "a"));
    assertThat(requests.getFirst().isConnect()).isFalse();
    responders.getFirst().refuse(400, null);
    channel.runPendingTasks();

    assertThat(ByteBufUtil.hexDump(written().getLast().payload())).isEqualTo("0803343030");
  }

  @Test
  void headers_tooLarge_431_andTheNextRequestIsServed() {
    greet();
    headers(1, false, block -> block.connect("10.0.0.1:80").field("x", "a".repeat(70_000)));
    List<Frame> answer = written();
    assertThat(ByteBufUtil.hexDump(answer.getFirst().payload())).isEqualTo("0803343331");
    assertThat(answer.getLast().type()).isEqualTo(RST);

    connect(3);
    assertThat(requests).hasSize(1);
  }

  @Test
  void streams_tooMany_isRefused() {
    greet();
    for (int i = 0; i < 200; i++) {
      connect(1 + 2 * i);
    }
    connect(401);

    assertThat(requests).hasSize(200);
    assertReset(401, ErrorCode.REFUSED_STREAM);
  }

  @Test
  void stream_numberUsedTwice_endsTheConnection() {
    greet();
    connect(5);
    send("000004 03 00 00000005 00000008");
    connect(5);

    assertGoAway(ErrorCode.STREAM_CLOSED);
  }

  @Test
  void data_afterEnd_isReset() {
    greet();
    connect(1);
    send("000000 00 01 00000001");
    send("000001 00 00 00000001 ff");

    assertReset(1, ErrorCode.STREAM_CLOSED);
  }

  @Test
  void data_beyondTheStreamsWindow_isReset() {
    greet();
    connect(1);
    for (int i = 0; i < 5; i++) {
      ByteBuf frame = Unpooled.buffer(9 + (1 << 20));
      Frames.setDataHeader(frame, 0, 1 << 20, 1, false);
      send(frame.writerIndex(9 + (1 << 20)));
    }

    assertReset(1, ErrorCode.FLOW_CONTROL_ERROR);
  }

  @Test
  void data_beyondTheConnectionsWindow_endsTheConnection() {
    greet();
    for (int stream = 1; stream < 40 && channel.isOpen(); stream += 2) {
      connect(stream);
      for (int i = 0; i < 4 && channel.isOpen(); i++) {
        ByteBuf frame = Unpooled.buffer(9 + (1 << 20));
        Frames.setDataHeader(frame, 0, 1 << 20, stream, false);
        send(frame.writerIndex(9 + (1 << 20)));
      }
    }

    // Nobody reads: the backlog is credited once, and no more.
    assertGoAway(ErrorCode.FLOW_CONTROL_ERROR);
  }

  @Test
  void window_ofAStreamTooLarge_isReset() {
    greet();
    connect(1);
    send("000004 08 00 00000001 7fffffff");

    assertReset(1, ErrorCode.FLOW_CONTROL_ERROR);
  }

  @ParameterizedTest
  @CsvSource({
    "000008 06 00 00000000 0000000000000000, 300", // PING
    "000000 04 00 00000000, 100", // SETTINGS
    "000005 02 00 00000001 0000000010, 5000", // PRIORITY
    "000000 00 00 00000001, 5000", // empty DATA
    "000000 2a 00 00000001, 5000", // an unknown frame
    "000004 08 00 00000001 00000001, 60000", // WINDOW_UPDATE
  })
  void flood_ofCheapFrames_endsTheConnection(String hex, int count) {
    greet();
    connect(1);
    byte[] frame = ByteBufUtil.decodeHexDump(hex.replace(" ", ""));
    for (int i = 0; i < count && channel.isOpen(); i++) {
      send(Unpooled.wrappedBuffer(frame));
    }

    assertGoAway(ErrorCode.ENHANCE_YOUR_CALM);
  }

  @Test
  void flood_ofRequestsGivenUpAtOnce_endsTheConnection() {
    greet();
    for (int i = 1; i < 4000 && channel.isOpen(); i += 2) {
      connect(i);
      send(Frames.reset(channel.alloc(), i, ErrorCode.CANCEL));
    }

    assertGoAway(ErrorCode.ENHANCE_YOUR_CALM);
  }

  @Test
  void flood_ofResetsOfOpenTunnels_isHarmless() {
    greet();
    for (int i = 1; i < 20_000; i += 2) {
      connect(i);
      var _ = responders.getLast().accept(null);
      send(Frames.reset(channel.alloc(), i, ErrorCode.CANCEL));
      if (i % 1000 == 1) {
        var _ = written();
      }
    }

    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void drain_streamThatRacesWithIt_isServed() {
    greet();
    connect(1);
    channel.pipeline().get(Link.class).streams().drain();
    channel.runPendingTasks();
    List<Frame> first = written();
    assertThat(first.getFirst().type()).isEqualTo(GOAWAY);
    assertThat(first.getFirst().payload().getInt(0)).isEqualTo(Integer.MAX_VALUE);

    connect(3);
    send(Frames.ping(channel.alloc(), first.getLast().payload().getLong(0), true));
    connect(5);

    assertThat(requests).hasSize(2);
    assertThat(written().getLast().payload().getInt(0)).isEqualTo(3);
    responders.forEach(responder -> responder.refuse(503, null));
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void data_afterOurReset_isIgnored_andCredited() {
    greet();
    connect(1);
    responders.getFirst().refuse(503, null);
    channel.runPendingTasks();
    var _ = written();
    send("000003 00 01 00000001 010203");

    assertThat(written()).isEmpty();
    assertThat(channel.isOpen()).isTrue();
  }
}
