package adit.hbone.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Frame layout (RFC 9113 sections 4.1 and 6) and the frames that are written whole.
///
/// Written buffers belong to the caller.
public final class Frames {
  /// Octets of a frame header.
  public static final int HEADER = 9;

  /// Largest stream identifier, window and increment.
  public static final int MAX_31_BITS = Integer.MAX_VALUE;

  /// Window of a stream and of the connection before anything is said.
  public static final int DEFAULT_WINDOW = 65_535;

  /// Largest frame payload before anything is said.
  public static final int DEFAULT_MAX_FRAME = 16_384;

  /// Octets that begin a client's connection.
  public static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 0x1;
  static final int ACK = 0x1;
  static final int END_HEADERS = 0x4;
  static final int PADDED = 0x8;
  static final int HAS_PRIORITY = 0x20;

  static final int SETTINGS_HEADER_TABLE_SIZE = 1;
  static final int SETTINGS_ENABLE_PUSH = 2;
  static final int SETTINGS_MAX_CONCURRENT_STREAMS = 3;
  static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
  static final int SETTINGS_MAX_FRAME_SIZE = 5;
  static final int SETTINGS_MAX_HEADER_LIST_SIZE = 6;

  private Frames() {}

  /// Puts a DATA frame's header at `index`, which may lie before the reader index.
  public static void setDataHeader(
      ByteBuf out, int index, int length, int stream, boolean endStream) {
    out.setMedium(index, length);
    out.setShort(index + 3, DATA << 8 | (endStream ? END_STREAM : 0));
    out.setInt(index + 5, stream);
  }

  /// DATA without payload that ends a stream.
  public static ByteBuf endOfStream(ByteBufAllocator alloc, int stream) {
    ByteBuf out = alloc.directBuffer(HEADER, HEADER);
    return header(out, 0, DATA, END_STREAM, stream);
  }

  /// HEADERS, followed by CONTINUATION when `block` is larger than `maxFrame`.
  ///
  /// @param block an encoded header block; not released
  public static ByteBuf headers(
      ByteBufAllocator alloc, int stream, ByteBuf block, boolean endStream, int maxFrame) {
    int length = block.readableBytes();
    int frames = Math.max(1, (length + maxFrame - 1) / maxFrame);
    ByteBuf out = alloc.directBuffer(length + frames * HEADER);
    int type = HEADERS;
    int flags = endStream ? END_STREAM : 0;
    for (int i = 0; i < frames; i++) {
      int part = Math.min(maxFrame, block.readableBytes());
      boolean last = i == frames - 1;
      header(out, part, type, flags | (last ? END_HEADERS : 0), stream);
      out.writeBytes(block, part);
      type = CONTINUATION;
      flags = 0;
    }
    return out;
  }

  /// RST_STREAM.
  public static ByteBuf reset(ByteBufAllocator alloc, int stream, int code) {
    return header(alloc.directBuffer(HEADER + 4), 4, RST_STREAM, 0, stream).writeInt(code);
  }

  /// WINDOW_UPDATE; stream 0 is the connection.
  public static ByteBuf windowUpdate(ByteBufAllocator alloc, int stream, int increment) {
    return header(alloc.directBuffer(HEADER + 4), 4, WINDOW_UPDATE, 0, stream).writeInt(increment);
  }

  /// PING, or the answer to one.
  public static ByteBuf ping(ByteBufAllocator alloc, long data, boolean ack) {
    return header(alloc.directBuffer(HEADER + 8), 8, PING, ack ? ACK : 0, 0).writeLong(data);
  }

  /// GOAWAY without debug data.
  public static ByteBuf goAway(ByteBufAllocator alloc, int lastStream, int code) {
    return header(alloc.directBuffer(HEADER + 8), 8, GOAWAY, 0, 0)
        .writeInt(lastStream)
        .writeInt(code);
  }

  /// Acknowledges the peer's SETTINGS.
  public static ByteBuf settingsAck(ByteBufAllocator alloc) {
    return header(alloc.directBuffer(HEADER), 0, SETTINGS, ACK, 0);
  }

  /// What a side says first: a client's preface, its SETTINGS, and the connection's window.
  ///
  /// @param client whether to begin with the preface and to forbid pushes
  /// @param streamWindow SETTINGS_INITIAL_WINDOW_SIZE
  /// @param connectionWindow the connection's window that results
  /// @param maxFrame SETTINGS_MAX_FRAME_SIZE
  /// @param maxHeaderList SETTINGS_MAX_HEADER_LIST_SIZE
  /// @param maxStreams SETTINGS_MAX_CONCURRENT_STREAMS of a server
  public static ByteBuf greeting(
      ByteBufAllocator alloc,
      boolean client,
      int streamWindow,
      int connectionWindow,
      int maxFrame,
      int maxHeaderList,
      int maxStreams) {
    ByteBuf out = alloc.directBuffer(128);
    if (client) {
      out.writeBytes(PREFACE);
    }
    header(out, 4 * 6, SETTINGS, 0, 0);
    setting(
        out,
        client ? SETTINGS_ENABLE_PUSH : SETTINGS_MAX_CONCURRENT_STREAMS,
        client ? 0 : maxStreams);
    setting(out, SETTINGS_INITIAL_WINDOW_SIZE, streamWindow);
    setting(out, SETTINGS_MAX_FRAME_SIZE, maxFrame);
    setting(out, SETTINGS_MAX_HEADER_LIST_SIZE, maxHeaderList);
    if (connectionWindow > DEFAULT_WINDOW) {
      header(out, 4, WINDOW_UPDATE, 0, 0).writeInt(connectionWindow - DEFAULT_WINDOW);
    }
    return out;
  }

  private static void setting(ByteBuf out, int id, int value) {
    out.writeShort(id).writeInt(value);
  }

  private static ByteBuf header(ByteBuf out, int length, int type, int flags, int stream) {
    return out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
  }
}
