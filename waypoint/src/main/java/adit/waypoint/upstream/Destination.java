package adit.waypoint.upstream;

import adit.model.SpiffeId;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;

/// One backend, and how it is spoken to. What has an equal destination may share a connection.
///
/// @param uid of the workload
/// @param address its own address and target port
/// @param expected through HBONE: who it may be; empty: plain TCP
/// @param http2 whether requests go in HTTP/2
/// @param connectTimeout for the connection
public record Destination(
    String uid,
    InetSocketAddress address,
    Set<SpiffeId> expected,
    boolean http2,
    Duration connectTimeout) {
  public Destination {
    expected = Set.copyOf(expected);
  }

  /// Whether it is reached through HBONE.
  public boolean isTunnelled() {
    return !expected.isEmpty();
  }
}
