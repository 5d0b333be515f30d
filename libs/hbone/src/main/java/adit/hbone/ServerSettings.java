package adit.hbone;

import java.time.Duration;

/// Limits of an [HboneServer].
///
/// @param http2 limits of each connection
/// @param handshakeTimeout from accept to the end of the TLS handshake, waiting for our own
///   certificate included
public record ServerSettings(Http2Settings http2, Duration handshakeTimeout) {
  /// The limits that the product runs with.
  public static ServerSettings defaults() {
    return new ServerSettings(Http2Settings.server(), Duration.ofSeconds(10));
  }
}
