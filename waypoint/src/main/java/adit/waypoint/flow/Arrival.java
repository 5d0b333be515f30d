package adit.waypoint.flow;

import adit.model.IpText;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.waypoint.observe.Party;
import adit.waypoint.route.Reached;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// A connection that has arrived: from whom, and for what.
///
/// @param client the client's own address
/// @param local what it dialled
public record Arrival(
    InetSocketAddress client, Party source, Reached reached, InetSocketAddress local) {
  /// The client's identity.
  public @Nullable SpiffeId identity() {
    return source.identity();
  }

  /// Namespace of the client; empty if unknown.
  public String namespace() {
    SpiffeId identity = source.identity();
    return identity == null ? "" : identity.namespace();
  }

  /// The service that was dialled, or null.
  public @Nullable Service serviceOrNull() {
    return reached instanceof Reached.OfService(var service, _, _) ? service : null;
  }

  /// Its key, or null.
  public @Nullable NamespacedHostname keyOrNull() {
    Service service = serviceOrNull();
    return service == null ? null : service.key();
  }

  /// What was dialled, as spans name it.
  String name() {
    Service service = serviceOrNull();
    return (service == null ? IpText.of(address()) : service.hostname()) + ":" + port() + "/*";
  }

  /// The port that was dialled.
  public int port() {
    return local.getPort();
  }

  /// The address that was dialled.
  public InetAddress address() {
    return local.getAddress();
  }
}
