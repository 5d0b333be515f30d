package adit.hbone.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/// Writes header blocks (RFC 7541) without Huffman coding and without the dynamic table: a tunnel
/// sends one block in its life, so a stateless encoder costs a few hundred bytes and saves the
/// table's upkeep on both ends.
public final class HeaderBlock {
  private static final int AUTHORITY = 1;
  private static final int METHOD = 2;
  private static final int STATUS = 8;
  private static final int INDEXED = 0x80;
  private static final int STATUS_200 = INDEXED | 8;

  private final ByteBuf out;

  /// A block that is appended to `out`.
  public HeaderBlock(ByteBuf out) {
    this.out = out;
  }

  /// `:method: CONNECT` and `:authority`.
  public HeaderBlock connect(String authority) {
    out.writeByte(METHOD);
    string("CONNECT");
    out.writeByte(AUTHORITY);
    string(authority);
    return this;
  }

  /// `:status`.
  public HeaderBlock status(int status) {
    if (status == 200) {
      out.writeByte(STATUS_200);
    } else {
      out.writeByte(STATUS);
      string(Integer.toString(status));
    }
    return this;
  }

  /// A header field.
  ///
  /// @param name lower case
  /// @param value ASCII; other characters become `?`
  public HeaderBlock field(String name, String value) {
    out.writeByte(0);
    string(name);
    string(value);
    return this;
  }

  private void string(String text) {
    int length = text.length();
    if (length < 127) {
      out.writeByte(length);
    } else {
      out.writeByte(127);
      int rest = length - 127;
      while (rest >= 128) {
        out.writeByte((rest & 127) | 128);
        rest >>>= 7;
      }
      out.writeByte(rest);
    }
    ByteBufUtil.writeAscii(out, text);
  }
}
