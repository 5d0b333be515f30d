package adit.waypoint.observe;

import io.netty.buffer.ByteBuf;

/// Counts the messages of one direction of a call of gRPC as their bytes pass, however they are
/// cut. Keeps nothing of them. For one thread.
///
/// Source: gRPC over HTTP/2, Length-Prefixed-Message: a byte of flags, four bytes of length.
final class MessageCount {
  private static final int PREFIX = 5;

  private int prefix;
  private long rest;
  private long messages;

  /// @param bytes their indices stay as they are
  void add(ByteBuf bytes) {
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    while (at < end) {
      if (rest > 0) {
        long skipped = Math.min(rest, end - at);
        rest -= skipped;
        at += (int) skipped;
        prefix = rest == 0 ? 0 : PREFIX;
      } else {
        begin(bytes.getByte(at));
        at++;
      }
    }
  }

  /// A byte of a prefix. While it is incomplete its length stands in `rest`, negative.
  private void begin(byte one) {
    long length = prefix == 0 ? 0 : (-rest << 8) | (one & 0xFF);
    prefix++;
    if (prefix < PREFIX) {
      rest = -length;
    } else {
      messages++;
      rest = length;
      prefix = length == 0 ? 0 : PREFIX;
    }
  }

  /// Messages whose prefix has passed.
  long messages() {
    return messages;
  }
}
