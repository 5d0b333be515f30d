package adit.waypoint.route;

import adit.hbone.Authority;
import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// Who a tunnel's authority means, if that is served here. The Host of a request plays no part:
/// whoever dials a service gets that service.
///
/// @param network our own
/// @param address our own
public record Entry(String network, InetAddress address) {
  /// Resolves.
  ///
  /// @param clientNamespace for services that only their own namespace sees
  public Reached resolve(MeshView mesh, Authority authority, String clientNamespace) {
    Workload self = mesh.workloadByIp(new NetworkAddress(network, address));
    Service service =
        switch (authority) {
          case Authority.Address(var ip, _) ->
              mesh.serviceByVip(new NetworkAddress(network, ip), clientNamespace);
          case Authority.Hostname(var host, _) -> mesh.serviceByHostname(host, clientNamespace);
        };
    int port = authority.port();
    if (service != null) {
      if (!isOurs(mesh, self, service)) {
        return new Reached.Nothing(
            "a service of this waypoint", "service " + service.key() + " is not bound to it");
      }
      if (!service.ports().has(port)) {
        return new Reached.Nothing("a port of service " + service.key(), "port " + port);
      }
      InetAddress ip = authority instanceof Authority.Address(var dialled, _) ? dialled : null;
      return new Reached.OfService(service, port, ip);
    }
    if (authority instanceof Authority.Address(var ip, _)) {
      Workload workload = mesh.workloadByIp(new NetworkAddress(network, ip));
      GatewayAddress bound = workload == null ? null : workload.reach().waypoint();
      if (workload != null && bound != null && isSelf(mesh, self, bound)) {
        return new Reached.OfWorkload(workload, port, ip);
      }
    }
    return new Reached.Nothing("a service or workload of this waypoint", authority.toString());
  }

  private boolean isOurs(MeshView mesh, @Nullable Workload self, Service service) {
    GatewayAddress single = service.waypoints().single();
    if (single != null && isSelf(mesh, self, single)) {
      return true;
    }
    return service.waypoints().weighted().stream()
        .anyMatch(one -> isSelf(mesh, self, one.destination()));
  }

  private boolean isSelf(MeshView mesh, @Nullable Workload self, GatewayAddress bound) {
    return switch (bound) {
      case GatewayAddress.ByHostname(var name, _) ->
          self != null && self.services().containsKey(name);
      case GatewayAddress.ByAddress(var ip, _) -> {
        if (ip.ip().equals(address)) {
          yield true;
        }
        Service service = mesh.serviceByVip(ip, self == null ? "" : self.namespace());
        yield service != null && self != null && self.services().containsKey(service.key());
      }
    };
  }
}
