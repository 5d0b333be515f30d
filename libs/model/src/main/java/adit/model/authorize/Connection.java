package adit.model.authorize;

import adit.model.SpiffeId;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// One connection as policies see it. Addresses are canonical: never IPv4 mapped into IPv6.
///
/// @param sourceIp the TCP peer: a waypoint's or gateway's address when one forwards
/// @param source identity from the peer's certificate, null for plaintext
/// @param destinationIp where the connection ends
/// @param destinationPort the workload's port, not that of the tunnel
public record Connection(
    InetAddress sourceIp,
    @Nullable SpiffeId source,
    InetAddress destinationIp,
    int destinationPort) {
  /// What `principals` is compared with: the identity without `spiffe://`, null for plaintext.
  public @Nullable String principal() {
    return source == null ? null : source.principal();
  }
}
