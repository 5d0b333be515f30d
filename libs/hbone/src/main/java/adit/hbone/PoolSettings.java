package adit.hbone;

import java.time.Duration;

/// Limits of an [HbonePool].
///
/// @param http2 limits of each connection
/// @param maxStreams streams per connection; the peer's own limit counts too
/// @param maxIdle connections without a stream that are kept; beyond, the one that is idle longest
///   is closed
/// @param idleRelease a connection without a stream is closed after this time
/// @param maxWaiting opens that may wait for connections at one time; beyond, they fail
/// @param connectTimeout for the TCP connect
/// @param handshakeTimeout for our certificate and the TLS handshake
/// @param answerTimeout for the answer to CONNECT
public record PoolSettings(
    Http2Settings http2,
    int maxStreams,
    int maxIdle,
    Duration idleRelease,
    int maxWaiting,
    Duration connectTimeout,
    Duration handshakeTimeout,
    Duration answerTimeout) {
  /// The limits that the product runs with. The answer may take as long as the peer's own connect
  /// (10 s) and a little.
  public static PoolSettings defaults() {
    return new PoolSettings(
        Http2Settings.client(),
        100,
        500,
        Duration.ofMinutes(5),
        10_000,
        Duration.ofSeconds(10),
        Duration.ofSeconds(10),
        Duration.ofSeconds(15));
  }
}
