package adit.ztunnel.resolve;

import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Decides where an outbound connection goes, in the reference's order. Pure but for the dice.
///
/// A waypoint of the service comes before its endpoints, a waypoint of the workload counts for its
/// own address only. A waypoint is never gone around: when it cannot be reached the connection is
/// refused. Only what the waypoint itself sends goes directly.
///
/// @param network this node's
public record Resolver(String network, MeshPorts ports, RandomGenerator random) {
  /// @param source the workload whose connection this is
  /// @param destination what it dialled
  /// @param tried uids of endpoints that have failed for this connection
  public Route resolve(
      MeshView view, Workload source, InetSocketAddress destination, Set<String> tried) {
    var address = new NetworkAddress(network, destination.getAddress());
    Workload addressed = view.workloadByIp(address);
    Service service = view.serviceByVip(address, source.namespace());
    // Other than at the reference, an address that is a workload's too does not lead around it.
    if (service != null && leadsThroughWaypoint(view, source, service)) {
      return waypoints().route(view, source, service, destination, tried);
    }
    if (service != null) {
      return toService(view, source, service, destination, tried);
    }
    if (addressed == null) {
      return new Route.Plain(Target.NOTHING_KNOWN, destination);
    }
    return toWorkload(view, source, addressed, destination, tried);
  }

  private static boolean leadsThroughWaypoint(MeshView view, Workload source, Service service) {
    return !service.waypoints().equals(Service.Waypoints.NONE)
        && WaypointRoutes.references(service.waypoints())
            .noneMatch(one -> WaypointRoutes.leadsTo(view, one, source));
  }

  private WaypointRoutes waypoints() {
    return new WaypointRoutes(network, random);
  }

  private Route toService(
      MeshView view,
      Workload source,
      Service service,
      InetSocketAddress destination,
      Set<String> tried) {
    var request =
        new Balancer.Request(source, destination.getAddress(), destination.getPort(), tried);
    var nobody = Target.of(service);
    return switch (Balancer.choose(view, service, request, random)) {
      case Choice.Passthrough() -> new Route.Plain(nobody, destination);
      case Choice.None(String reason, String seen) -> new Route.Refused(nobody, reason, seen);
      case Choice.Endpoint(Workload workload, int port, InetAddress ip) -> {
        var target = new Target(workload, service, null);
        if (!workload.network().equals(network)) {
          yield new Route.ViaNetworkGateway(target, workload.network());
        }
        if (ip == null) {
          yield new Route.Refused(
              target, "no address", workload.uid() + " has only the name " + workload.hostname());
        }
        yield direct(target, workload, new InetSocketAddress(ip, port));
      }
    };
  }

  private Route toWorkload(
      MeshView view,
      Workload source,
      Workload workload,
      InetSocketAddress destination,
      Set<String> tried) {
    GatewayAddress waypoint = workload.reach().waypoint();
    if (waypoint != null && !WaypointRoutes.leadsTo(view, waypoint, source)) {
      return waypoints().route(view, source, waypoint, workload, destination, tried);
    }
    return direct(new Target(workload, null, null), workload, destination);
  }

  private Route direct(Target target, Workload workload, InetSocketAddress destination) {
    return switch (workload.protocol()) {
      case NONE -> new Route.Plain(target, destination);
      case HBONE ->
          new Route.Tunneled(
              target,
              new InetSocketAddress(destination.getAddress(), ports.hbone()),
              destination,
              Target.expected(target.service(), workload));
    };
  }
}
