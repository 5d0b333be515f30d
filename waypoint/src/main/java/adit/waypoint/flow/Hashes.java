package adit.waypoint.flow;

import adit.l7.TrafficPolicy.HashKey;
import adit.waypoint.balance.Hash;
import adit.waypoint.message.RequestMessage;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What requests have in common that go to one endpoint. Pure.
final class Hashes {
  private static final int MOST_PARAMETERS = 256;

  private Hashes() {}

  /// Null when the request lacks what is hashed: any endpoint will do.
  static @Nullable Long ofOrNull(HashKey key, RequestMessage request, InetAddress client) {
    String text =
        switch (key) {
          case HashKey.Header(var name) ->
              name.equals("host") || name.equals(":authority")
                  ? request.authority()
                  : request.headers().get(name);
          case HashKey.Cookie(var name, _, _) -> cookieOrNull(request, name);
          case HashKey.SourceIp _ -> client.getHostAddress();
          case HashKey.Query(var name) -> parameterOrNull(request.query(), name);
        };
    return text == null ? null : Hash.of(text);
  }

  private static @Nullable String parameterOrNull(String query, String name) {
    try {
      List<String> values =
          QueryStringDecoder.builder()
              .hasPath(false)
              .maxParams(MOST_PARAMETERS)
              .build(query)
              .parameters()
              .get(name);
      return values == null || values.isEmpty() ? null : values.getFirst();
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  static @Nullable String cookieOrNull(RequestMessage request, String name) {
    String cookies = request.headers().get(HttpHeaderNames.COOKIE);
    if (cookies != null) {
      for (String one : cookies.split(";", MOST_PARAMETERS)) {
        int equals = one.indexOf('=');
        if (equals > 0 && one.substring(0, equals).strip().equals(name)) {
          return one.substring(equals + 1).strip();
        }
      }
    }
    return null;
  }
}
