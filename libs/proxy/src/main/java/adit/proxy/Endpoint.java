package adit.proxy;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One server of the control plane.
///
/// @param address `https://host:port`; null when there is none
/// @param root a file, `SYSTEM`, or PEM text
/// @param alternativeName a second name that the server's certificate may carry
/// @param headers extra gRPC metadata
public record Endpoint(
    @Nullable URI address,
    String root,
    @Nullable String alternativeName,
    Map<String, String> headers) {
  private static final int PORTS = 0xFFFF;

  public Endpoint {
    headers = Map.copyOf(headers);
  }

  /// Reads `host:port`, `https://host:port` or `http://host:port`.
  ///
  /// @param variable for complaints
  /// @throws ConfigException it is something else
  public static URI address(String variable, String text) {
    URI uri = parsedOrNull(text.contains("://") ? text : "https://" + text);
    boolean usable =
        uri != null
            && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))
            && uri.getHost() != null
            && uri.getPort() > 0
            && uri.getPort() <= PORTS;
    if (!usable || uri == null) {
      throw new ConfigException(variable, text, "https://host:port");
    }
    return uri;
  }

  private static @Nullable URI parsedOrNull(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }
}
