package adit.waypoint.listener;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Decodes requests, and refuses what two parsers may read differently: a length beside a transfer
/// coding, several lengths, folded header lines, bare carriage returns, request lines that are not
/// `METHOD SP target SP HTTP/d.d` (RFC 9112 section 3).
final class StrictRequestDecoder extends HttpRequestDecoder {
  /// Of a digit each.
  private static final String VERSION = "HTTP/0.0";

  private boolean inHead = true;
  private boolean begun;
  private boolean pending;
  private boolean lineRead;

  StrictRequestDecoder(HttpLimits limits) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(limits.line())
            .setMaxHeaderSize(limits.headers())
            .setAllowDuplicateContentLengths(false)
            .setStrictLineParsing(true)
            .setUseRfc9112TransferEncoding(true));
  }

  /// Whether some of a head has come, but not all of it.
  boolean isInHead() {
    return inHead && (begun || pending);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    String fault = inHead ? faultOrNull(in) : null;
    if (fault != null) {
      begun = false;
      in.skipBytes(in.readableBytes());
      out.add(new MalformedRequest(fault));
      return;
    }
    int before = in.readerIndex();
    int size = out.size();
    super.decode(ctx, in, out);
    begun |= in.readerIndex() > before;
    for (int i = size; i < out.size(); i++) {
      Object one = out.get(i);
      if (one instanceof HttpRequest) {
        inHead = false;
      }
      if (one instanceof LastHttpContent) {
        inHead = true;
        begun = false;
        lineRead = false;
      }
    }
    pending = in.isReadable();
  }

  private @Nullable String faultOrNull(ByteBuf in) {
    boolean inFields = lineRead;
    if (!inFields && !isRequestLine(in)) {
      return "invalid request line";
    }
    return hasFoldedLine(in, inFields) ? "folded header line" : null;
  }

  /// Whether the first line that is not empty is good, or has not come whole yet.
  private boolean isRequestLine(ByteBuf in) {
    int end = in.writerIndex();
    int start = in.readerIndex();
    while (start < end && (in.getByte(start) == '\r' || in.getByte(start) == '\n')) {
      start++;
    }
    int last = in.indexOf(start, end, (byte) '\n');
    if (last < 0) {
      return true;
    }
    lineRead = true;
    int version = last - VERSION.length() - 1;
    int target = in.indexOf(start, last, (byte) ' ') + 1;
    return target > start + 1
        && version > target + 1
        && isVersion(in, version)
        && isWord(in, start, target - 1)
        && isWord(in, target, version - 1)
        && in.getByte(version - 1) == ' ';
  }

  /// Neither white space nor control characters. Bytes above 127 are not judged here.
  private static boolean isWord(ByteBuf in, int from, int to) {
    for (int i = from; i < to; i++) {
      byte b = in.getByte(i);
      if (b >= 0 && b <= ' ') {
        return false;
      }
    }
    return true;
  }

  private static boolean isVersion(ByteBuf in, int at) {
    for (int i = 0; i < VERSION.length(); i++) {
      byte b = in.getByte(at + i);
      if (VERSION.charAt(i) == '0' ? !isDigit(b) : b != VERSION.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  /// A line that begins with white space continues the one before (RFC 9112 section 5.2).
  ///
  /// @param inFields the request line is not among these lines
  private static boolean hasFoldedLine(ByteBuf in, boolean inFields) {
    int from = in.readerIndex();
    int end = in.writerIndex();
    if (inFields && from < end && isBlank(in.getByte(from))) {
      return true;
    }
    boolean seen = inFields;
    int lineStart = from;
    for (int at = in.indexOf(from, end, (byte) '\n');
        at >= 0 && at + 1 < end;
        at = in.indexOf(at + 1, end, (byte) '\n')) {
      boolean empty = isEmpty(in, lineStart, at);
      if (empty && seen) {
        return false; // the head ends here
      }
      if (isBlank(in.getByte(at + 1)) && !empty) {
        return true;
      }
      seen |= !empty;
      lineStart = at + 1;
    }
    return false;
  }

  private static boolean isEmpty(ByteBuf in, int start, int end) {
    return end == start || (end == start + 1 && in.getByte(start) == '\r');
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
