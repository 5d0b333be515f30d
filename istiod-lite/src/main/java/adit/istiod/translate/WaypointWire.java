package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.Waypoint;
import adit.model.GatewayAddress;
import adit.protos.workload.ApplicationTunnel;
import adit.protos.workload.NamespacedHostname;
import adit.protos.workload.NetworkAddress;
import adit.protos.workload.Service;
import adit.protos.workload.WeightedWaypoint;

/// Waypoints as resources name them.
final class WaypointWire {
  private static final int WHOLE = 100;

  private WaypointWire() {}

  static adit.protos.workload.GatewayAddress address(Waypoint waypoint) {
    var wire =
        adit.protos.workload.GatewayAddress.newBuilder()
            .setHboneMtlsPort(waypoint.address().hbonePort());
    switch (waypoint.address()) {
      case GatewayAddress.ByHostname(var name, _) ->
          wire.setHostname(
              NamespacedHostname.newBuilder()
                  .setNamespace(name.namespace())
                  .setHostname(name.hostname()));
      case GatewayAddress.ByAddress(var address, _) ->
          wire.setAddress(
              NetworkAddress.newBuilder()
                  .setNetwork(address.network())
                  .setAddress(Bytes.of(address.ip())));
    }
    return wire.build();
  }

  static void put(Binding binding, Service.Builder service) {
    Waypoint waypoint = binding.waypoint();
    if (waypoint == null) {
      return;
    }
    service.setWaypoint(address(waypoint));
    Binding.Canary canary = binding.canary();
    if (canary != null) {
      service.addWeightedWaypoints(weighted(waypoint, WHOLE - canary.weight()));
      service.addWeightedWaypoints(weighted(canary.waypoint(), canary.weight()));
    }
  }

  private static WeightedWaypoint weighted(Waypoint waypoint, int weight) {
    return WeightedWaypoint.newBuilder()
        .setDestination(address(waypoint))
        .setWeight(weight)
        .build();
  }

  static ApplicationTunnel tunnel(Waypoint.Inbound inbound) {
    return ApplicationTunnel.newBuilder()
        .setProtocol(
            inbound.proxy() ? ApplicationTunnel.Protocol.PROXY : ApplicationTunnel.Protocol.NONE)
        .setPort(inbound.port())
        .build();
  }
}
