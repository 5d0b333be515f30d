package adit.hbone.wire;

import io.netty.buffer.ByteBuf;

/// What a peer's SETTINGS frame says (RFC 9113 section 6.5.2). A value that is not named is -1.
///
/// @param maxStreams streams that we may have open
/// @param initialWindow window of new streams, and change of the old ones
/// @param maxFrame largest payload that we may send
/// @param maxHeaderList largest header list that it takes
public record PeerSettings(long maxStreams, int initialWindow, int maxFrame, long maxHeaderList) {
  private static final int ENTRY = 6;
  private static final int LARGEST_FRAME = (1 << 24) - 1;

  /// Reads a frame's payload.
  static PeerSettings read(ByteBuf payload) throws ConnectionError {
    if (payload.readableBytes() % ENTRY != 0) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS: length is no multiple of 6");
    }
    long maxStreams = -1;
    int initialWindow = -1;
    int maxFrame = -1;
    long maxHeaderList = -1;
    while (payload.isReadable()) {
      int id = payload.readUnsignedShort();
      long value = payload.readUnsignedInt();
      switch (id) {
        case Frames.SETTINGS_ENABLE_PUSH -> require(value <= 1, ErrorCode.PROTOCOL_ERROR, id);
        case Frames.SETTINGS_MAX_CONCURRENT_STREAMS -> maxStreams = value;
        case Frames.SETTINGS_INITIAL_WINDOW_SIZE -> {
          require(value <= Frames.MAX_31_BITS, ErrorCode.FLOW_CONTROL_ERROR, id);
          initialWindow = (int) value;
        }
        case Frames.SETTINGS_MAX_FRAME_SIZE -> {
          boolean legal = value >= Frames.DEFAULT_MAX_FRAME && value <= LARGEST_FRAME;
          require(legal, ErrorCode.PROTOCOL_ERROR, id);
          maxFrame = (int) value;
        }
        case Frames.SETTINGS_MAX_HEADER_LIST_SIZE -> maxHeaderList = value;
        default -> {
          // Unknown settings are ignored; the header table size does not matter, since what we
          // send never uses the table.
        }
      }
    }
    return new PeerSettings(maxStreams, initialWindow, maxFrame, maxHeaderList);
  }

  private static void require(boolean legal, int code, int id) throws ConnectionError {
    if (!legal) {
      throw new ConnectionError(code, "SETTINGS: value of " + id + " out of range");
    }
  }
}
