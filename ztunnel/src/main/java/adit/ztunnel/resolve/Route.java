package adit.ztunnel.resolve;

import adit.model.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Set;

/// Where an outbound connection goes. Decided once, before the first byte moves.
public sealed interface Route {
  /// What the connection is for, as far as it is known.
  Target target();

  /// Plain TCP: to something outside the mesh, at the address that was dialled, or to a workload
  /// that has no tunnel.
  record Plain(Target target, InetSocketAddress address) implements Route {}

  /// Through a tunnel: to the proxy of the chosen workload, or to a waypoint.
  ///
  /// @param proxy the next hop's address with its HBONE port
  /// @param destination authority of the CONNECT request
  /// @param expected identities that the server may have
  record Tunneled(
      Target target, InetSocketAddress proxy, InetSocketAddress destination, Set<SpiffeId> expected)
      implements Route {}

  /// Through the gateway of another network, in a tunnel within a tunnel. This version does not.
  ///
  /// @param network where the chosen workload is
  record ViaNetworkGateway(Target target, String network) implements Route {}

  /// Nowhere.
  ///
  /// @param reason for the access log, for example `no healthy upstream`
  /// @param seen what there is instead
  record Refused(Target target, String reason, String seen) implements Route {}
}
