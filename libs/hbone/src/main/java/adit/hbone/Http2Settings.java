package adit.hbone;

import java.time.Duration;

/// Limits of one side of an HBONE connection, the same on both sides unless said.
///
/// @param streamWindow bytes that a peer may send on one stream before they are consumed
/// @param connectionWindow bytes that a peer may send on one connection before they are credited
/// @param backlog bytes of one connection that may lie unconsumed before its window is held back;
///   below, a stream that is not read delays no other
/// @param maxFrame largest frame payload accepted
/// @param maxHeaderList largest header list accepted (RFC 9113 section 6.5.2 accounting); a server
///   answers 431 above it
/// @param maxStreams streams that a peer may have open; only a server says this
/// @param pingInterval between the answer to a PING and the next one
/// @param pingTimeout without an answer the connection is dead
/// @param prefaceTimeout for the peer's preface and SETTINGS after the TLS handshake, and for the
///   end of a header block that was begun
/// @param firstRequestTimeout a server's wait for the first request of a connection
public record Http2Settings(
    int streamWindow,
    int connectionWindow,
    int backlog,
    int maxFrame,
    int maxHeaderList,
    int maxStreams,
    Duration pingInterval,
    Duration pingTimeout,
    Duration prefaceTimeout,
    Duration firstRequestTimeout) {
  private static final int MIB = 1 << 20;

  /// A server's limits.
  public static Http2Settings server() {
    return new Http2Settings(
        4 * MIB,
        16 * MIB,
        32 * MIB,
        MIB,
        64 << 10,
        200,
        Duration.ofSeconds(10),
        Duration.ofSeconds(20),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30));
  }

  /// A client's limits.
  public static Http2Settings client() {
    return new Http2Settings(
        4 * MIB,
        16 * MIB,
        32 * MIB,
        MIB,
        16 << 10,
        0,
        Duration.ofSeconds(10),
        Duration.ofSeconds(20),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30));
  }
}
