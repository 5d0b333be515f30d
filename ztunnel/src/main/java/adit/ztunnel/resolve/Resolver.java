package adit.ztunnel.resolve;

import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Decides where an outbound connection goes, in the reference's order. Pure but for the dice.
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
    // The waypoint is looked for at the workload first, the endpoint at the service first.
    if (addressed == null && service != null) {
      GatewayAddress waypoint = waypoint(service.waypoints());
      if (waypoint != null) {
        return new Route.ViaWaypoint(new Target(null, service), waypoint);
      }
    }
    if (service != null) {
      return toService(view, source, service, destination, tried);
    }
    if (addressed == null) {
      return new Route.Plain(Target.NOTHING_KNOWN, destination);
    }
    return toWorkload(view, source, addressed, destination);
  }

  private Route toService(
      MeshView view,
      Workload source,
      Service service,
      InetSocketAddress destination,
      Set<String> tried) {
    var request =
        new Balancer.Request(source, destination.getAddress(), destination.getPort(), tried);
    var nobody = new Target(null, service);
    return switch (Balancer.choose(view, service, request, random)) {
      case Choice.Passthrough() -> new Route.Plain(nobody, destination);
      case Choice.None(String reason, String seen) -> new Route.Refused(nobody, reason, seen);
      case Choice.Endpoint(Workload workload, int port, InetAddress ip) -> {
        var target = new Target(workload, service);
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
      MeshView view, Workload source, Workload workload, InetSocketAddress destination) {
    var target = new Target(workload, null);
    GatewayAddress waypoint = workload.reach().waypoint();
    if (waypoint != null && !comesFrom(view, source, waypoint)) {
      return new Route.ViaWaypoint(target, waypoint);
    }
    return direct(target, workload, destination);
  }

  private Route direct(Target target, Workload workload, InetSocketAddress destination) {
    return switch (workload.protocol()) {
      case NONE -> new Route.Plain(target, destination);
      case HBONE ->
          new Route.Tunneled(
              target,
              new InetSocketAddress(destination.getAddress(), ports.hbone()),
              destination,
              expected(target.service(), workload));
    };
  }

  private static Set<SpiffeId> expected(@Nullable Service service, Workload workload) {
    if (service == null || service.subjectAltNames().isEmpty()) {
      return Set.of(workload.identity());
    }
    var identities = new LinkedHashSet<SpiffeId>();
    for (String name : service.subjectAltNames()) {
      SpiffeId identity = SpiffeId.parseOrNull(name);
      if (identity != null) {
        identities.add(identity);
      }
    }
    identities.add(workload.identity());
    return identities;
  }

  /// Whether the source is the waypoint itself: a workload that the reference leads to.
  private static boolean comesFrom(MeshView view, Workload source, GatewayAddress waypoint) {
    return switch (waypoint) {
      case GatewayAddress.ByAddress(NetworkAddress address, int _) -> {
        Service service = view.serviceByVip(address, source.namespace());
        yield service == null
            ? source.addresses().contains(address.ip())
            : source.services().containsKey(service.key());
      }
      case GatewayAddress.ByHostname(var hostname, int _) ->
          source.services().containsKey(hostname);
    };
  }

  /// Of several by their weights; else the single one.
  private @Nullable GatewayAddress waypoint(Service.Waypoints waypoints) {
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
