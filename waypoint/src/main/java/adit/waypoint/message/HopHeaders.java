package adit.waypoint.message;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.List;

/// Headers that concern one connection only (RFC 9110 section 7.6.1).
public final class HopHeaders {
  private static final AsciiString KEEP_ALIVE = AsciiString.cached("keep-alive");
  private static final AsciiString PROXY_CONNECTION = AsciiString.cached("proxy-connection");
  private static final int MAX_LISTED = 32;

  private HopHeaders() {}

  /// Removes them, and those that Connection lists. `TE: trailers` stays: it says what the client
  /// understands, and everything between here and the backend carries trailers.
  public static void remove(HttpHeaders headers) {
    List<String> connection = headers.getAll(HttpHeaderNames.CONNECTION);
    if (!connection.isEmpty()) {
      int listed = 0;
      for (String value : connection) {
        for (String name : value.split(",", MAX_LISTED)) {
          String trimmed = name.strip();
          if (!trimmed.isEmpty() && listed++ < MAX_LISTED && !isEndToEnd(trimmed)) {
            headers.remove(trimmed);
          }
        }
      }
      headers.remove(HttpHeaderNames.CONNECTION);
    }
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
    headers.remove(HttpHeaderNames.UPGRADE);
    headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
    if (headers.contains(HttpHeaderNames.TE)) {
      boolean trailers = headers.containsValue(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS, true);
      headers.remove(HttpHeaderNames.TE);
      if (trailers) {
        headers.set(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS);
      }
    }
  }

  /// What a client must not have removed by naming it: the message's own framing and address.
  private static boolean isEndToEnd(String name) {
    return name.equalsIgnoreCase("host")
        || name.equalsIgnoreCase("content-length")
        || name.equalsIgnoreCase("te")
        || name.equalsIgnoreCase("transfer-encoding")
        || name.equalsIgnoreCase("authorization")
        || name.equalsIgnoreCase("cookie");
  }
}
