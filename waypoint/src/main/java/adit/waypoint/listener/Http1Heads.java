package adit.waypoint.listener;

import adit.waypoint.message.HopHeaders;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestMessage.Kind;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Heads of HTTP/1 requests, from the decoder's form to ours.
final class Http1Heads {
  private Http1Heads() {}

  /// What is wrong with a request that the decoder let pass, or null.
  static @Nullable String faultOrNull(HttpRequest request) {
    HttpHeaders headers = request.headers();
    HttpVersion version = request.protocolVersion();
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (version.majorVersion() != 1) {
      return "version " + version;
    }
    if (hosts.size() > 1) {
      return "several Host headers";
    }
    if (hosts.isEmpty() && version.minorVersion() > 0) {
      return "no Host header";
    }
    if (!hosts.isEmpty() && !isAuthority(hosts.getFirst())) {
      return "invalid Host header";
    }
    List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!codings.isEmpty()) {
      boolean chunked =
          codings.size() == 1 && codings.getFirst().strip().equalsIgnoreCase("chunked");
      if (!chunked || version.minorVersion() == 0) {
        return "transfer coding other than chunked";
      }
    }
    return targetFaultOrNull(request);
  }

  private static @Nullable String targetFaultOrNull(HttpRequest request) {
    String uri = request.uri();
    boolean connect = request.method().name().equals("CONNECT");
    boolean known =
        connect
            ? isAuthority(uri)
            : uri.startsWith("/")
                || (uri.equals("*") && request.method().name().equals("OPTIONS"))
                || hostOfAbsoluteOrNull(uri) != null;
    if (!known || uri.indexOf('#') >= 0) {
      return "invalid request target";
    }
    for (int i = 0; i < uri.length(); i++) {
      if (uri.charAt(i) <= ' ' || uri.charAt(i) == 127) {
        return "invalid request target";
      }
    }
    return null;
  }

  /// The authority of `http://a/b`, or null if the target is none of that form.
  private static @Nullable String hostOfAbsoluteOrNull(String uri) {
    String lower = uri.length() > 8 ? uri.substring(0, 8).toLowerCase(Locale.ROOT) : "";
    int from = lower.startsWith("http://") ? 7 : lower.equals("https://") ? 8 : -1;
    if (from < 0) {
      return null;
    }
    int end = from;
    while (end < uri.length() && "/?".indexOf(uri.charAt(end)) < 0) {
      end++;
    }
    String authority = uri.substring(from, end);
    return authority.isEmpty() || !isAuthority(authority) ? null : authority;
  }

  static boolean isAuthority(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean good =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~%!$&'()*+,;=:[]".indexOf(c) >= 0;
      if (!good) {
        return false;
      }
    }
    return text.length() <= 320;
  }

  /// The head in our form. The decoder's headers are taken over.
  static RequestMessage message(HttpRequest request) {
    HttpHeaders headers = request.headers();
    String uri = request.uri();
    String host = headers.get(HttpHeaderNames.HOST, "");
    String absolute = hostOfAbsoluteOrNull(uri);
    Kind kind = kind(request, headers);
    String target = uri;
    if (absolute != null) {
      // The target's own host counts (RFC 9112 section 3.2.2).
      host = absolute;
      int slash = uri.indexOf('/', 8);
      int question = uri.indexOf('?');
      target =
          slash >= 0 && (question < 0 || slash < question)
              ? uri.substring(slash)
              : "/" + (question < 0 ? "" : uri.substring(question));
    } else if (kind == Kind.CONNECT) {
      host = uri;
    }
    String upgrade = kind == Kind.UPGRADE ? headers.get(HttpHeaderNames.UPGRADE) : null;
    HopHeaders.remove(headers);
    headers.remove(HttpHeaderNames.HOST);
    if (upgrade != null) {
      headers.set(HttpHeaderNames.UPGRADE, upgrade);
    }
    return new RequestMessage(
        request.method().name(),
        "http",
        host,
        target,
        headers,
        kind,
        request.protocolVersion().text());
  }

  private static Kind kind(HttpRequest request, HttpHeaders headers) {
    if (request.method().name().equals("CONNECT")) {
      return Kind.CONNECT;
    }
    boolean upgrade =
        headers.contains(HttpHeaderNames.UPGRADE)
            && headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
            // From HTTP/1.1 to HTTP/2 without TLS: nobody has to, and tunnels around policies are
            // made of it.
            && !headers.get(HttpHeaderNames.UPGRADE, "").toLowerCase(Locale.ROOT).contains("h2c");
    return upgrade ? Kind.UPGRADE : Kind.PLAIN;
  }
}
