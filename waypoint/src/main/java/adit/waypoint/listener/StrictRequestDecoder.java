package adit.waypoint.listener;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/// Decodes requests, and refuses what two parsers may read differently: a length beside a transfer
/// coding, several lengths, folded header lines, bare carriage returns.
final class StrictRequestDecoder extends HttpRequestDecoder {
  private boolean inHead = true;
  private boolean begun;

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
    return inHead && begun;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    if (inHead && hasFoldedLine(in)) {
      begun = false;
      in.skipBytes(in.readableBytes());
      out.add(new MalformedRequest("folded header line"));
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
      }
    }
  }

  /// A line that begins with white space continues the one before (RFC 9112 section 5.2).
  private boolean hasFoldedLine(ByteBuf in) {
    int from = in.readerIndex();
    int end = in.writerIndex();
    if (begun && from < end && isBlank(in.getByte(from))) {
      return true;
    }
    int lineStart = from;
    for (int at = in.indexOf(from, end, (byte) '\n');
        at >= 0 && at + 1 < end;
        at = in.indexOf(at + 1, end, (byte) '\n')) {
      boolean empty = isEmpty(in, lineStart, at);
      if (empty && (begun || lineStart > from)) {
        return false; // the head ends here
      }
      if (isBlank(in.getByte(at + 1)) && !empty) {
        return true;
      }
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
