package adit.model.balance;

import adit.model.Endpoint;
import adit.model.EndpointSet;
import adit.model.LoadBalancing;
import adit.model.LoadBalancing.Scope;
import adit.model.MeshView;
import adit.model.Service;
import adit.model.Workload;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Chooses the endpoint of a service for one connection: healthy ones, by routing preference, then
/// at random by capacity. Pure but for the random source.
public final class Balancer {
  private Balancer() {}

  /// A connection that wants an endpoint.
  ///
  /// @param source the client's workload, for preferences
  /// @param ip address that was dialled
  /// @param port service port
  /// @param exclude uids that were tried already
  public record Request(Workload source, InetAddress ip, int port, Set<String> exclude) {
    public Request {
      exclude = Set.copyOf(exclude);
    }
  }

  /// What the endpoint is chosen for.
  private enum Use {
    /// The service itself: it must define the port.
    SERVICE,
    /// As a waypoint or gateway: the port may be one that only its application tunnel has.
    WAYPOINT
  }

  /// Chooses.
  public static Choice choose(
      MeshView view, Service service, Request request, RandomGenerator random) {
    if (service.loadBalancing().mode() == LoadBalancing.Mode.PASSTHROUGH) {
      return new Choice.Passthrough();
    }
    if (!service.ports().has(request.port())) {
      return new Choice.None(
          "no healthy upstream", "service " + service.key() + " has no port " + request.port());
    }
    return choose(view, service, request, Use.SERVICE, random);
  }

  /// All endpoints that may be chosen, the nearest only where the service prefers them. For those
  /// who balance by request; the list is in a stable order.
  public static List<Choice.Endpoint> usable(MeshView view, Service service, Request request) {
    return choices(
        nearest(view.endpoints(service), service, request, Use.SERVICE), service, request);
  }

  /// As `usable`, wherever they are: for those who have a preference of their own. A service that
  /// insists on near endpoints keeps to them.
  public static List<Choice.Endpoint> anywhere(MeshView view, Service service, Request request) {
    return choices(
        candidates(view.endpoints(service), service, request, Use.SERVICE), service, request);
  }

  private static List<Choice.Endpoint> choices(
      List<Endpoint> endpoints, Service service, Request request) {
    List<Choice.Endpoint> usable = new ArrayList<>(endpoints.size());
    for (Endpoint one : endpoints) {
      usable.add(
          new Choice.Endpoint(
              one.workload(),
              targetPort(one, service, request.port(), Use.SERVICE),
              address(one.workload(), service, request.ip())));
    }
    return usable;
  }

  /// Chooses an endpoint of a service that is a waypoint.
  ///
  /// @param request its port is the HBONE port of the waypoint's address, which the service need
  ///   not define if the endpoint has an application tunnel
  public static Choice chooseWaypoint(
      MeshView view, Service service, Request request, RandomGenerator random) {
    return choose(view, service, request, Use.WAYPOINT, random);
  }

  private static Choice choose(
      MeshView view, Service service, Request request, Use use, RandomGenerator random) {
    EndpointSet endpoints = view.endpoints(service);
    Endpoint chosen = weighted(nearest(endpoints, service, request, use), random);
    if (chosen == null) {
      return new Choice.None("no healthy upstream", seen(endpoints, service, request));
    }
    return new Choice.Endpoint(
        chosen.workload(),
        targetPort(chosen, service, request.port(), use),
        address(chosen.workload(), service, request.ip()));
  }

  private static String seen(EndpointSet endpoints, Service service, Request request) {
    long healthy = endpoints.all().stream().filter(one -> one.workload().healthy()).count();
    return "service "
        + service.key()
        + " has "
        + endpoints.size()
        + " endpoints, "
        + healthy
        + " healthy, "
        + request.exclude().size()
        + " tried";
  }

  private static List<Endpoint> candidates(
      EndpointSet endpoints, Service service, Request request, Use use) {
    LoadBalancing balancing = service.loadBalancing();
    boolean anyHealth = balancing.healthPolicy() == LoadBalancing.HealthPolicy.ALLOW_ALL;
    List<Endpoint> found = new ArrayList<>();
    for (Endpoint endpoint : endpoints.all()) {
      Workload workload = endpoint.workload();
      boolean usable =
          (anyHealth || workload.healthy())
              && !request.exclude().contains(workload.uid())
              && reachable(workload, service, request.source())
              && targetPort(endpoint, service, request.port(), use) > 0
              && rank(balancing, request.source(), workload) >= 0;
      if (usable) {
        found.add(endpoint);
      }
    }
    return found;
  }

  private static List<Endpoint> nearest(
      EndpointSet endpoints, Service service, Request request, Use use) {
    List<Endpoint> all = candidates(endpoints, service, request, use);
    if (service.loadBalancing().mode() != LoadBalancing.Mode.FAILOVER) {
      return all;
    }
    List<Endpoint> best = new ArrayList<>();
    int bestRank = 0;
    for (Endpoint endpoint : all) {
      int rank = rank(service.loadBalancing(), request.source(), endpoint.workload());
      if (rank > bestRank) {
        best.clear();
        bestRank = rank;
      }
      if (rank == bestRank) {
        best.add(endpoint);
      }
    }
    return best;
  }

  private static boolean reachable(Workload workload, Service service, Workload source) {
    return !workload.hostname().isEmpty()
        || firstAllowed(workload, service.ipFamilies(), null) != null
        || (!workload.network().equals(source.network())
            && workload.reach().networkGateway() != null);
  }

  /// The endpoint's own mapping, then the service's, then the tunnel's; 0 if there is none.
  private static int targetPort(Endpoint endpoint, Service service, int port, Use use) {
    int own = endpoint.ports().target(port);
    if (own > 0) {
      return own;
    }
    int common = service.ports().target(port);
    if (common > 0 || use == Use.SERVICE) {
      return common;
    }
    // The receiving proxy replaces the port by the tunnel's own, so the one asked for is right.
    Workload.ApplicationTunnel tunnel = endpoint.workload().reach().applicationTunnel();
    return tunnel != null && tunnel.port() > 0 ? port : 0;
  }

  /// How much source and candidate have in common; negative: not a candidate.
  private static int rank(LoadBalancing balancing, Workload source, Workload candidate) {
    return switch (balancing.mode()) {
      case ANY, PASSTHROUGH -> 0;
      case STRICT -> {
        for (Scope scope : balancing.preferences()) {
          if (!same(scope, source, candidate)) {
            yield -1;
          }
        }
        yield 0;
      }
      case FAILOVER -> failoverRank(balancing.preferences(), source, candidate);
    };
  }

  private static int failoverRank(List<Scope> preferences, Workload source, Workload candidate) {
    int rank = 0;
    for (int i = 0; i < preferences.size(); i++) {
      boolean first = i == 0 && preferences.get(i) == Scope.NETWORK;
      if (same(preferences.get(i), source, candidate)) {
        // The own network outweighs all else together, so that nobody leaves it for a nearer zone.
        rank += first ? preferences.size() : 1;
      } else if (!first) {
        break;
      }
    }
    return rank;
  }

  private static boolean same(Scope scope, Workload source, Workload candidate) {
    var mine = source.placement();
    var other = candidate.placement();
    return switch (scope) {
      case REGION -> mine.locality().region().equals(other.locality().region());
      case ZONE -> mine.locality().zone().equals(other.locality().zone());
      case SUBZONE -> mine.locality().subzone().equals(other.locality().subzone());
      case NODE -> mine.node().equals(other.node());
      case CLUSTER -> mine.clusterId().equals(other.clusterId());
      case NETWORK -> mine.network().equals(other.network());
    };
  }

  private static @Nullable Endpoint weighted(List<Endpoint> candidates, RandomGenerator random) {
    long total = 0;
    for (Endpoint endpoint : candidates) {
      total += endpoint.workload().capacity();
    }
    if (total == 0) {
      return null;
    }
    long ticket = random.nextLong(total);
    for (Endpoint endpoint : candidates) {
      ticket -= endpoint.workload().capacity();
      if (ticket < 0) {
        return endpoint;
      }
    }
    throw new AssertionError("ticket: " + ticket + " (expected: below the total)");
  }

  private static @Nullable InetAddress address(
      Workload workload, Service service, InetAddress dialled) {
    return workload.addresses().contains(dialled)
        ? dialled
        : firstAllowed(workload, service.ipFamilies(), dialled);
  }

  /// The first address that the service allows, of the family of `like` if there is one.
  private static @Nullable InetAddress firstAllowed(
      Workload workload, Service.IpFamilies families, @Nullable InetAddress like) {
    InetAddress first = null;
    for (InetAddress ip : workload.addresses()) {
      boolean v4 = ip instanceof Inet4Address;
      boolean allowed =
          switch (families) {
            case AUTOMATIC, DUAL -> true;
            case IPV4_ONLY -> v4;
            case IPV6_ONLY -> !v4;
          };
      if (allowed && like != null && like instanceof Inet4Address == v4) {
        return ip;
      }
      if (allowed && first == null) {
        first = ip;
      }
    }
    return first;
  }
}
