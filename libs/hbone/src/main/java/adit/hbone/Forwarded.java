package adit.hbone;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// The `forwarded` header (RFC 7239) as mesh proxies use it. Only `host` is read from a peer: the
/// service that its client meant. Who the client is says TLS, never this header.
public final class Forwarded {
  private static final int MAX_LENGTH = 1024;

  private Forwarded() {}

  /// Writes `for="<address>"`, and `;host=<hostname>` when the service is known.
  ///
  /// @param source the client's own socket address
  /// @param host the service's host name, or null
  public static String header(InetSocketAddress source, @Nullable String host) {
    String client = "for=\"" + NetUtil.toSocketAddressString(source) + '"';
    return host == null || !isHost(host) ? client : client + ";host=" + host;
  }

  /// Reads the `host` of a header value; null when there is none, or when it is no host.
  public static @Nullable String hostOrNull(@Nullable String header) {
    if (header == null || header.length() > MAX_LENGTH || !HeaderText.isPrintable(header)) {
      return null;
    }
    for (int from = 0; from <= header.length(); ) {
      int semicolon = header.indexOf(';', from);
      int end = semicolon < 0 ? header.length() : semicolon;
      String pair = header.substring(from, end).strip();
      if (pair.regionMatches(true, 0, "host=", 0, 5)) {
        String host = unquoted(pair.substring(5));
        return isHost(host) ? host : null;
      }
      from = end + 1;
    }
    return null;
  }

  private static String unquoted(String text) {
    boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    return quoted ? text.substring(1, text.length() - 1) : text;
  }

  private static boolean isHost(String text) {
    if (text.isEmpty() || text.length() > Authority.MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!HeaderText.isLetterOrDigit(c) && ".-_:[]".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }
}
