package adit.hbone.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/// Cuts a byte stream into frames (RFC 9113 section 4) and checks everything that can be checked
/// without knowing streams.
///
/// DATA is passed on as it comes, without waiting for the frame's end and without a copy. Other
/// frames are collected whole; they are small, and what a peer can make us hold is bounded: one
/// header block of `maxBlock` octets, one control frame of 4 KiB.
///
/// ```
/// PREFACE -> HEADER -> DATA_BYTES ---> HEADER
///                   -> PADDING ------> HEADER
///                   -> WHOLE (others)  HEADER
/// ```
public final class FrameReader {
  private static final int MAX_CONTROL = 4096;
  private static final int MAX_CONTINUATIONS = 128;

  private final FrameSink sink;
  private final int maxFrame;
  private final int maxBlock;
  private final ByteBufAllocator alloc;

  private State state;
  private int prefaceSeen;
  private boolean settingsSeen;

  // The frame that is being read.
  private int length;
  private int type;
  private int flags;
  private int stream;
  private int remaining;
  private int padding;

  /// The part of a frame header or of a whole frame that has come so far.
  private @Nullable ByteBuf carry;

  // The header block that is being collected.
  private int blockStream;
  private boolean blockEndsStream;
  private int continuations;
  private @Nullable ByteBuf block;

  private enum State {
    PREFACE,
    HEADER,
    DATA_BYTES,
    PADDING,
    WHOLE
  }

  /// A reader at the start of a connection.
  ///
  /// @param sink gets the frames
  /// @param server whether to expect a client's preface
  /// @param maxFrame the largest payload that we announced
  /// @param maxBlock octets of a header block (before decoding) beyond which the peer is hostile
  public FrameReader(
      FrameSink sink, boolean server, int maxFrame, int maxBlock, ByteBufAllocator alloc) {
    this.sink = sink;
    this.maxFrame = maxFrame;
    this.maxBlock = maxBlock;
    this.alloc = alloc;
    this.state = server ? State.PREFACE : State.HEADER;
  }

  /// Whether a header block has begun and not ended.
  public boolean isInsideBlock() {
    return blockStream != 0;
  }

  /// Whether the peer's first SETTINGS came.
  public boolean isSettingsSeen() {
    return settingsSeen;
  }

  /// Reads what came. Ownership of `in` passes.
  public void read(ByteBuf in) throws ConnectionError {
    boolean owned = true;
    try {
      while (in.isReadable()) {
        switch (state) {
          case PREFACE -> preface(in);
          case HEADER -> header(in);
          case WHOLE -> whole(in);
          case PADDING -> skipPadding(in);
          case DATA_BYTES -> {
            if (in.readableBytes() <= remaining) {
              // All that is left belongs to this frame: hand the buffer itself over.
              owned = false;
              dataBytes(in);
              return;
            }
            dataBytes(in.readRetainedSlice(remaining));
          }
        }
      }
    } finally {
      if (owned) {
        in.release();
      }
    }
  }

  /// Frees what was collected. Nothing may be read afterwards.
  public void close() {
    carry = released(carry);
    block = released(block);
  }

  private static @Nullable ByteBuf released(@Nullable ByteBuf buffer) {
    if (buffer != null) {
      buffer.release();
    }
    return null;
  }

  private void preface(ByteBuf in) throws ConnectionError {
    while (in.isReadable() && prefaceSeen < Frames.PREFACE.length) {
      if (in.readByte() != Frames.PREFACE[prefaceSeen++]) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "no HTTP/2 connection preface");
      }
    }
    if (prefaceSeen == Frames.PREFACE.length) {
      state = State.HEADER;
    }
  }

  private void header(ByteBuf in) throws ConnectionError {
    ByteBuf source = contiguousOrNull(in, Frames.HEADER);
    if (source == null) {
      return;
    }
    length = source.readUnsignedMedium();
    type = source.readUnsignedByte();
    flags = source.readUnsignedByte();
    stream = source.readInt() & Frames.MAX_31_BITS;
    dropCarry();
    checkHeader();
    remaining = length;
    if (type == Frames.DATA) {
      beginData();
    } else {
      state = State.WHOLE;
      if (length == 0) {
        finishWhole(Unpooled.EMPTY_BUFFER);
      }
    }
  }

  private void checkHeader() throws ConnectionError {
    if (length > maxFrame) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "frame of " + length + " octets");
    }
    if (!settingsSeen && (type != Frames.SETTINGS || has(Frames.ACK))) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "first frame is not SETTINGS");
    }
    boolean continuation = type == Frames.CONTINUATION;
    if (continuation != (blockStream != 0) || (continuation && stream != blockStream)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "header block interrupted");
    }
    switch (type) {
      case Frames.HEADERS, Frames.CONTINUATION -> {
        int collected = block == null ? 0 : block.readableBytes();
        if (length + collected > maxBlock) {
          throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "header block too large");
        }
      }
      case Frames.PUSH_PROMISE ->
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE");
      case Frames.DATA -> {
        // Bounded by the windows.
      }
      default -> checkControlSize();
    }
  }

  /// Frames of unknown type may be as large as any frame: they are skipped, not collected.
  private void checkControlSize() throws ConnectionError {
    if (type <= Frames.CONTINUATION && type != Frames.GOAWAY && length > MAX_CONTROL) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "control frame of " + length);
    }
  }

  private void beginData() throws ConnectionError {
    requireStream();
    padding = 0;
    if (has(Frames.PADDED)) {
      if (length == 0) {
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "padded DATA without pad length");
      }
      padding = -1;
      state = State.PADDING;
    } else if (length == 0) {
      endEmptyData();
    } else {
      state = State.DATA_BYTES;
    }
  }

  private void endEmptyData() throws ConnectionError {
    state = State.HEADER;
    if (has(Frames.END_STREAM)) {
      sink.data(stream, Unpooled.EMPTY_BUFFER, true);
    } else {
      sink.noise();
    }
  }

  /// Reads the pad length, or skips the padding behind the data.
  private void skipPadding(ByteBuf in) throws ConnectionError {
    if (padding < 0) {
      padding = in.readUnsignedByte();
      remaining = length - 1 - padding;
      if (remaining < 0) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "DATA: more padding than payload");
      }
      sink.padding(stream, 1 + padding);
      if (remaining > 0) {
        state = State.DATA_BYTES;
        return;
      }
      endEmptyData();
      state = padding > 0 ? State.PADDING : State.HEADER;
      return;
    }
    int skipped = Math.min(padding, in.readableBytes());
    in.skipBytes(skipped);
    padding -= skipped;
    if (padding == 0) {
      state = State.HEADER;
    }
  }

  private void dataBytes(ByteBuf bytes) throws ConnectionError {
    remaining -= bytes.readableBytes();
    boolean last = remaining == 0;
    if (last) {
      state = padding > 0 ? State.PADDING : State.HEADER;
    }
    sink.data(stream, bytes, last && has(Frames.END_STREAM));
  }

  private void whole(ByteBuf in) throws ConnectionError {
    if (type > Frames.CONTINUATION || (type == Frames.GOAWAY && remaining < length)) {
      int skipped = Math.min(remaining, in.readableBytes());
      in.skipBytes(skipped);
      remaining -= skipped;
      if (remaining == 0) {
        finishWhole(Unpooled.EMPTY_BUFFER);
      }
      return;
    }
    int wanted = type == Frames.GOAWAY ? Math.min(8, length) : length;
    ByteBuf source = contiguousOrNull(in, wanted);
    if (source == null) {
      return;
    }
    if (type == Frames.GOAWAY && length > 8) {
      goAway(source);
      dropCarry();
      remaining = length - 8;
      return;
    }
    finishWhole(source.readSlice(wanted));
    dropCarry();
  }

  private void finishWhole(ByteBuf payload) throws ConnectionError {
    state = State.HEADER;
    switch (type) {
      case Frames.HEADERS -> headers(payload);
      case Frames.CONTINUATION -> continuation(payload);
      case Frames.PRIORITY -> priority(payload);
      case Frames.RST_STREAM -> {
        requireStream();
        requireLength(4);
        sink.reset(stream, payload.readInt());
      }
      case Frames.SETTINGS -> settings(payload);
      case Frames.PING -> {
        requireConnection();
        requireLength(8);
        sink.ping(payload.readLong(), has(Frames.ACK));
      }
      case Frames.GOAWAY -> {
        if (payload.isReadable() || length == 0) {
          goAway(payload);
        }
      }
      case Frames.WINDOW_UPDATE -> windowUpdate(payload);
      default -> sink.noise();
    }
  }

  private void headers(ByteBuf payload) throws ConnectionError {
    requireStream();
    int pad = 0;
    if (has(Frames.PADDED)) {
      require(payload.isReadable(), ErrorCode.FRAME_SIZE_ERROR, "padded HEADERS, no pad length");
      pad = payload.readUnsignedByte();
    }
    boolean dependsOnItself = false;
    if (has(Frames.HAS_PRIORITY)) {
      require(payload.readableBytes() >= 5, ErrorCode.FRAME_SIZE_ERROR, "HEADERS: priority cut");
      dependsOnItself = (payload.readInt() & Frames.MAX_31_BITS) == stream;
      payload.skipBytes(1);
    }
    require(payload.readableBytes() >= pad, ErrorCode.PROTOCOL_ERROR, "HEADERS: padding too long");
    require(!dependsOnItself, ErrorCode.PROTOCOL_ERROR, "stream depends on itself");
    ByteBuf fragment = payload.slice(payload.readerIndex(), payload.readableBytes() - pad);
    blockStream = stream;
    blockEndsStream = has(Frames.END_STREAM);
    continuations = 0;
    if (has(Frames.END_HEADERS)) {
      finishBlock(fragment);
    } else {
      block = alloc.buffer(Math.max(256, fragment.readableBytes() * 2)).writeBytes(fragment);
    }
  }

  private void continuation(ByteBuf payload) throws ConnectionError {
    if (++continuations > MAX_CONTINUATIONS) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many CONTINUATION frames");
    }
    ByteBuf collected = block;
    if (collected == null) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS");
    }
    collected.writeBytes(payload);
    if (has(Frames.END_HEADERS)) {
      finishBlock(collected);
    }
  }

  private void finishBlock(ByteBuf whole) throws ConnectionError {
    int of = blockStream;
    blockStream = 0;
    try {
      sink.headers(of, whole, blockEndsStream);
    } finally {
      block = released(block);
    }
  }

  private void priority(ByteBuf payload) throws ConnectionError {
    requireStream();
    if (length != 5) {
      sink.streamError(stream, ErrorCode.FRAME_SIZE_ERROR, "PRIORITY: length");
    } else if ((payload.readInt() & Frames.MAX_31_BITS) == stream) {
      sink.streamError(stream, ErrorCode.PROTOCOL_ERROR, "stream depends on itself");
    }
    sink.noise();
  }

  private void settings(ByteBuf payload) throws ConnectionError {
    requireConnection();
    if (has(Frames.ACK)) {
      requireLength(0);
      sink.settingsAck();
      return;
    }
    PeerSettings settings = PeerSettings.read(payload);
    settingsSeen = true;
    sink.settings(settings);
  }

  private void goAway(ByteBuf payload) throws ConnectionError {
    requireConnection();
    require(length >= 8, ErrorCode.FRAME_SIZE_ERROR, "GOAWAY: length");
    sink.goAway(payload.readInt() & Frames.MAX_31_BITS, payload.readInt());
  }

  private void windowUpdate(ByteBuf payload) throws ConnectionError {
    requireLength(4);
    int increment = payload.readInt() & Frames.MAX_31_BITS;
    if (increment > 0) {
      sink.windowUpdate(stream, increment);
    } else if (stream == 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
    } else {
      sink.streamError(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
    }
  }

  /// `in` itself when it holds `wanted` octets, or what was carried together with what it has; null
  /// when they are still too few.
  private @Nullable ByteBuf contiguousOrNull(ByteBuf in, int wanted) {
    ByteBuf held = carry;
    if (held == null) {
      if (in.readableBytes() >= wanted) {
        return in;
      }
      held = alloc.buffer(wanted);
      carry = held;
    }
    held.writeBytes(in, Math.min(in.readableBytes(), wanted - held.readableBytes()));
    return held.readableBytes() == wanted ? held : null;
  }

  private void dropCarry() {
    carry = released(carry);
  }

  private boolean has(int flag) {
    return (flags & flag) != 0;
  }

  private void requireStream() throws ConnectionError {
    require(stream != 0, ErrorCode.PROTOCOL_ERROR, "stream 0");
  }

  private void requireConnection() throws ConnectionError {
    require(stream == 0, ErrorCode.PROTOCOL_ERROR, "stream is not 0");
  }

  private void requireLength(int octets) throws ConnectionError {
    require(length == octets, ErrorCode.FRAME_SIZE_ERROR, "frame length");
  }

  private static void require(boolean holds, int code, String message) throws ConnectionError {
    if (!holds) {
      throw new ConnectionError(code, message);
    }
  }
}
