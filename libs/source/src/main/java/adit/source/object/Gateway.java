package adit.source.object;

import java.util.List;

/// A Gateway (gateway.networking.k8s.io). Only what a waypoint's binding needs.
///
/// @param meta the metadata
/// @param className `gatewayClassName`
/// @param listeners the listeners
/// @param addresses `status.addresses`
public record Gateway(
    ObjectMeta meta, String className, List<Listener> listeners, List<Address> addresses)
    implements KubeObject {
  public Gateway {
    listeners = List.copyOf(listeners);
    addresses = List.copyOf(addresses);
  }

  @Override
  public Kind kind() {
    return Kind.GATEWAY;
  }

  /// A listener.
  ///
  /// @param name the name
  /// @param port `1..65535`
  /// @param protocol e.g. `HBONE`
  public record Listener(String name, int port, String protocol) {}

  /// An address under which the gateway is reached.
  ///
  /// @param type `IPAddress` or `Hostname`
  /// @param value the address
  public record Address(String type, String value) {}
}
