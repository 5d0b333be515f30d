package adit.waypoint.view;

import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What the mesh says this waypoint serves: whatever names its address, or a service that its own
/// workload belongs to. Pure.
///
/// @param network our own
/// @param address our own
public record Bindings(String network, InetAddress address) {
  /// Whether clients are sent here on their way to a service.
  public boolean serves(MeshView mesh, Service service) {
    return serves(mesh, selfOrNull(mesh), service);
  }

  /// Whether clients are sent here on their way to a workload.
  public boolean serves(MeshView mesh, Workload workload) {
    return serves(mesh, selfOrNull(mesh), workload);
  }

  /// Our own workload.
  @Nullable Workload selfOrNull(MeshView mesh) {
    return mesh.workloadByIp(new NetworkAddress(network, address));
  }

  boolean serves(MeshView mesh, @Nullable Workload self, Service service) {
    GatewayAddress single = service.waypoints().single();
    if (single != null && isSelf(mesh, self, single)) {
      return true;
    }
    return service.waypoints().weighted().stream()
        .anyMatch(one -> isSelf(mesh, self, one.destination()));
  }

  boolean serves(MeshView mesh, @Nullable Workload self, Workload workload) {
    GatewayAddress bound = workload.reach().waypoint();
    return bound != null && isSelf(mesh, self, bound);
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
