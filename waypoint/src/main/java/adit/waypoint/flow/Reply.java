package adit.waypoint.flow;

import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.ResponseSink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Answers of the waypoint itself.
///
/// @param flag the reference's letters for the log
/// @param detail the reference's word for who answered
/// @param headers further headers
record Reply(int status, String body, String flag, String detail, HttpHeaders headers) {
  private static final String GRPC = "application/grpc";

  Reply(int status, String body, String flag, String detail) {
    this(status, body, flag, detail, Http2Heads.empty());
  }

  Reply withFlag(String other) {
    return new Reply(status, body, other, detail, headers);
  }

  static boolean isGrpc(RequestMessage request) {
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE);
    return type != null && type.startsWith(GRPC);
  }

  /// Sends it. A client of gRPC gets a status of its own kind.
  ///
  /// @return the status of gRPC, empty if it is none
  String send(RequestMessage request, ResponseSink sink) {
    if (isGrpc(request)) {
      String code = Integer.toString(grpcStatus(status));
      headers.set(HttpHeaderNames.CONTENT_TYPE, GRPC);
      headers.set("grpc-status", code);
      headers.set("grpc-message", percentEncoded(body));
      sink.head(200, headers, true);
      sink.flush();
      return code;
    }
    ByteBuf bytes = Unpooled.copiedBuffer(body, StandardCharsets.UTF_8);
    boolean empty = !bytes.isReadable();
    if (!empty) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, bytes.readableBytes());
      if (!headers.contains(HttpHeaderNames.CONTENT_TYPE)) {
        headers.set(HttpHeaderNames.CONTENT_TYPE, "text/plain");
      }
    }
    sink.head(status, headers, empty);
    if (empty) {
      bytes.release();
    } else {
      sink.data(bytes);
      sink.end(null);
    }
    sink.flush();
    return "";
  }

  /// Source: gRPC's "HTTP to gRPC status code mapping".
  private static int grpcStatus(int status) {
    return switch (status) {
      case 400 -> 13;
      case 401 -> 16;
      case 403 -> 7;
      case 404 -> 12;
      case 429, 502, 503, 504 -> 14;
      default -> 2;
    };
  }

  private static String percentEncoded(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b >= ' ' && b <= '~' && b != '%') {
        out.append((char) b);
      } else {
        out.append('%').append(String.format(Locale.ROOT, "%02X", b));
      }
    }
    return out.toString();
  }
}
