package adit.model;

/// Where a waypoint or a network gateway is reached.
public sealed interface GatewayAddress {
  /// Port of its HBONE listener: a service port when it is named by hostname.
  int hbonePort();

  /// By address.
  record ByAddress(NetworkAddress address, int hbonePort) implements GatewayAddress {
    @Override
    public String toString() {
      return address + ":" + hbonePort;
    }
  }

  /// By the hostname of a service.
  record ByHostname(NamespacedHostname hostname, int hbonePort) implements GatewayAddress {
    @Override
    public String toString() {
      return hostname + ":" + hbonePort;
    }
  }

  /// The destination as `config_dump` prints it.
  default String destination() {
    return switch (this) {
      case ByAddress(var address, _) -> address.toString();
      case ByHostname(var hostname, _) -> hostname.toString();
    };
  }
}
