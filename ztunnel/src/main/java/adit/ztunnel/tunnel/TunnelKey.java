package adit.ztunnel.tunnel;

import adit.model.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;

/// What two tunnels must have in common to share a connection.
///
/// @param source who we are
/// @param expected who the server may be
/// @param sourceAddress the client's, so that one client's tunnel carries its streams only
public record TunnelKey(
    SpiffeId source,
    Set<SpiffeId> expected,
    InetSocketAddress destination,
    InetAddress sourceAddress) {
  public TunnelKey {
    expected = Set.copyOf(expected);
  }
}
