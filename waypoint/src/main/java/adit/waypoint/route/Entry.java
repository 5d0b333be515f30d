package adit.waypoint.route;

import adit.hbone.Authority;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.waypoint.view.Bindings;
import adit.waypoint.view.Snapshot;
import java.net.InetAddress;

/// Who a tunnel's authority means, if that is served here. The Host of a request plays no part:
/// whoever dials a service gets that service.
///
/// @param bindings what is served here
public record Entry(Bindings bindings) {
  /// Resolves.
  ///
  /// @param clientNamespace for services that only their own namespace sees
  /// @param now of the board's clock
  public Reached resolve(Snapshot snapshot, Authority authority, String clientNamespace, long now) {
    MeshView mesh = snapshot.mesh();
    String network = bindings.network();
    Service service =
        switch (authority) {
          case Authority.Address(var ip, _) ->
              mesh.serviceByVip(new NetworkAddress(network, ip), clientNamespace);
          case Authority.Hostname(var host, _) -> mesh.serviceByHostname(host, clientNamespace);
        };
    int port = authority.port();
    if (service != null) {
      if (!bindings.serves(mesh, service) && !snapshot.former().has(service.key(), now)) {
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
      if (workload != null
          && (bindings.serves(mesh, workload) || snapshot.former().has(workload, now))) {
        return new Reached.OfWorkload(workload, port, ip);
      }
    }
    return new Reached.Nothing("a service or workload of this waypoint", authority.toString());
  }
}
