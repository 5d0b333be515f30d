package adit.ztunnel.resolve;

import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds the way to a waypoint: always HBONE, whatever the waypoint's own workload speaks. Pure but
/// for the dice.
///
/// @param network this node's
record WaypointRoutes(String network, RandomGenerator random) {
  private static final String NOBODY = "no healthy upstream";

  /// To a waypoint of a service: one of several by their weights, else the single one.
  ///
  /// @param destination what the client dialled: an address of the service
  /// @param tried uids of workloads that have failed for this connection
  Route route(
      MeshView view,
      Workload source,
      Service service,
      InetSocketAddress destination,
      Set<String> tried) {
    GatewayAddress waypoint = drawn(service.waypoints());
    if (waypoint == null) {
      // Weights that are all zero, and no single one: bound, and nothing to go to.
      return new Route.Refused(
          Target.of(service), NOBODY, "service " + service.key() + " has no waypoint to draw");
    }
    var target = new Target(null, service, waypoint);
    return route(view, new Hop(source, target, waypoint, destination, tried));
  }

  /// To the waypoint of a workload whose own address was dialled.
  Route route(
      MeshView view,
      Workload source,
      GatewayAddress waypoint,
      Workload addressed,
      InetSocketAddress destination,
      Set<String> tried) {
    var target = new Target(addressed, null, waypoint);
    return route(view, new Hop(source, target, waypoint, destination, tried));
  }

  /// Whether `reference` leads to `workload`: it is that waypoint.
  static boolean leadsTo(MeshView view, GatewayAddress reference, Workload workload) {
    return switch (reference) {
      case GatewayAddress.ByAddress(NetworkAddress address, int _) -> {
        Service service = view.serviceByVip(address, workload.namespace());
        yield service == null
            ? workload.addresses().contains(address.ip())
            : workload.services().containsKey(service.key());
      }
      case GatewayAddress.ByHostname(var hostname, int _) ->
          workload.services().containsKey(hostname);
    };
  }

  static Stream<GatewayAddress> references(Service.Waypoints waypoints) {
    return Stream.concat(
        Stream.ofNullable(waypoints.single()),
        waypoints.weighted().stream().map(Service.Waypoints.Weighted::destination));
  }

  private record Hop(
      Workload source,
      Target target,
      GatewayAddress waypoint,
      InetSocketAddress destination,
      Set<String> tried) {
    Route.Refused refused(String seen) {
      return new Route.Refused(target, NOBODY, "waypoint " + waypoint + ": " + seen);
    }
  }

  private Route route(MeshView view, Hop hop) {
    return switch (hop.waypoint()) {
      case GatewayAddress.ByAddress(NetworkAddress address, int port) -> {
        Service service = view.serviceByVip(address, hop.source().namespace());
        yield service == null
            ? toWorkload(view.workloadByIp(address), hop, address, port)
            : toEndpoint(view, service, hop, new InetSocketAddress(address.ip(), port));
      }
      case GatewayAddress.ByHostname(var hostname, int port) -> {
        Service service = view.service(hostname);
        // Of a waypoint named by hostname the address follows the caller's family.
        yield service == null
            ? hop.refused("no such service")
            : toEndpoint(
                view, service, hop, new InetSocketAddress(hop.destination().getAddress(), port));
      }
    };
  }

  private Route toWorkload(@Nullable Workload workload, Hop hop, NetworkAddress address, int port) {
    if (workload == null) {
      return hop.refused("nobody has this address");
    }
    if (hop.tried().contains(workload.uid())) {
      return hop.refused("the only endpoint has failed");
    }
    return tunneled(null, workload, hop, new InetSocketAddress(address.ip(), port));
  }

  /// @param asked the address whose family counts, and the waypoint's port
  private Route toEndpoint(MeshView view, Service service, Hop hop, InetSocketAddress asked) {
    var request =
        new Balancer.Request(hop.source(), asked.getAddress(), asked.getPort(), hop.tried());
    return switch (Balancer.chooseWaypoint(view, service, request, random)) {
      case Choice.None(String _, String seen) -> hop.refused(seen);
      case Choice.Passthrough() -> hop.refused("service " + service.key() + " makes no choice");
      case Choice.Endpoint(Workload workload, int port, var ip) ->
          ip == null && workload.network().equals(network)
              ? hop.refused(workload.uid() + " has only the name " + workload.hostname())
              : tunneled(
                  service,
                  workload,
                  hop,
                  new InetSocketAddress(ip == null ? asked.getAddress() : ip, port));
    };
  }

  private Route tunneled(
      @Nullable Service waypoint, Workload workload, Hop hop, InetSocketAddress proxy) {
    var target = new Target(workload, hop.target().service(), hop.waypoint());
    return workload.network().equals(network)
        ? new Route.Tunneled(target, proxy, hop.destination(), Target.expected(waypoint, workload))
        : new Route.ViaNetworkGateway(target, workload.network());
  }

  private @Nullable GatewayAddress drawn(Service.Waypoints waypoints) {
    List<Service.Waypoints.Weighted> weighted = waypoints.weighted();
    long sum = weighted.stream().mapToLong(Service.Waypoints.Weighted::weight).sum();
    if (sum == 0) {
      return waypoints.single();
    }
    long at = random.nextLong(sum);
    for (Service.Waypoints.Weighted one : weighted) {
      at -= one.weight();
      if (at < 0) {
        return one.destination();
      }
    }
    return waypoints.single();
  }
}
