package adit.cli.explain;

import adit.cli.explain.Ends.Destination;
import adit.cli.explain.Explanation.Hop;
import adit.cli.explain.Explanation.Verdict;
import adit.model.GatewayAddress;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.model.Workload.TunnelProtocol;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Follows a request from program to program, with the decisions of the proxies themselves: what
/// they are told, and the code that they decide with. Pure.
///
/// @param told by the control plane
/// @param request as HTTP, for a waypoint
record Explainer(Told told, Asked.Request request) {
  /// Explains.
  Explanation explain(Workload client, Destination destination) {
    List<Hop> hops = new ArrayList<>();
    boolean captured = client.protocol() == TunnelProtocol.HBONE;
    Waypoint waypoint = waypointOrNull(client, destination);
    hops.add(first(client, captured));
    if (waypoint == null) {
      Servers servers = servers();
      servers.ask(client, captured, endpoints(client, destination), destination.text());
      hops.addAll(servers.hops());
      return servers.conclusion(hops, "");
    }
    if (!captured) {
      Servers servers = servers();
      hops.add(
          new Hop(
              "waypoint " + waypoint.name(),
              "not passed: the client is not in the mesh and dials the workloads",
              List.of()));
      servers.ask(client, false, endpoints(client, destination), destination.text());
      hops.addAll(servers.hops());
      return servers.conclusion(
          hops, "label the client's namespace istio.io/dataplane-mode=ambient");
    }
    return through(waypoint, client, destination, hops);
  }

  /// The ready waypoints between the two, if there are any: what arrives at servers comes from
  /// them.
  List<Workload> waypoints(Workload client, Destination destination) {
    Waypoint waypoint = waypointOrNull(client, destination);
    return waypoint == null ? List.of() : waypoint.endpoints();
  }

  private Servers servers() {
    return new Servers(told.mesh());
  }

  private static Hop first(Workload client, boolean captured) {
    return new Hop(
        "client " + Ends.text(client),
        captured
            ? "in the mesh, as " + client.identity().principal()
            : "not in the mesh: plaintext, no identity",
        List.of());
  }

  /// A waypoint, as far as it is there.
  ///
  /// @param name `namespace/name`
  /// @param endpoints ready ones
  /// @param all however they are
  private record Waypoint(String name, List<Workload> endpoints, int all) {}

  private @Nullable Waypoint waypointOrNull(Workload client, Destination destination) {
    Service service = destination.service();
    Workload workload = destination.workload();
    GatewayAddress address = null;
    if (service != null) {
      address =
          service.waypoints().weighted().isEmpty()
              ? service.waypoints().single()
              : service.waypoints().weighted().getFirst().destination();
    } else if (workload != null) {
      address = workload.reach().waypoint();
    }
    Service at = address == null ? null : serviceOf(address, client);
    if (address == null || (at != null && client.services().containsKey(at.key()))) {
      return null;
    }
    if (at == null) {
      return new Waypoint(address.destination(), List.of(), 0);
    }
    List<Workload> all =
        told.mesh().endpoints(at).all().stream().map(one -> one.workload()).toList();
    return new Waypoint(
        at.namespace() + "/" + at.name(),
        all.stream().filter(Workload::healthy).toList(),
        all.size());
  }

  private @Nullable Service serviceOf(GatewayAddress address, Workload client) {
    return switch (address) {
      case GatewayAddress.ByHostname(var name, int _) -> told.mesh().service(name);
      case GatewayAddress.ByAddress(NetworkAddress ip, int _) ->
          told.mesh().serviceByVip(ip, client.namespace());
    };
  }

  /// @param target at the workload
  record Endpoint(Workload workload, InetAddress ip, int target) {}

  private List<Endpoint> endpoints(Workload client, Destination destination) {
    Workload workload = destination.workload();
    Service service = destination.service();
    if (service != null) {
      return endpoints(told.mesh(), client, service, destination.port());
    }
    return workload == null || workload.addresses().isEmpty()
        ? List.of()
        : List.of(new Endpoint(workload, workload.addresses().getFirst(), destination.port()));
  }

  static List<Endpoint> endpoints(MeshView mesh, Workload client, Service service, int port) {
    List<Endpoint> endpoints = new ArrayList<>();
    var dialled = new Balancer.Request(client, address(service, client), port, Set.of());
    for (Choice.Endpoint one : Balancer.anywhere(mesh, service, dialled)) {
      InetAddress ip = one.ip();
      if (ip != null) {
        endpoints.add(new Endpoint(one.workload(), ip, one.targetPort()));
      }
    }
    return endpoints;
  }

  /// What a client dials to reach a service.
  private static InetAddress address(Service service, Workload client) {
    return service.vips().isEmpty() ? address(client) : service.vips().getFirst().ip();
  }

  private static InetAddress address(Workload workload) {
    return workload.addresses().isEmpty()
        ? InetAddress.getLoopbackAddress()
        : workload.addresses().getFirst();
  }

  /// What does not say so is looked at by the waypoint, and taken for HTTP here.
  private static boolean isHttp(@Nullable Service service, int port) {
    return service == null
        || switch (service.ports().protocol(port)) {
          case TCP, TLS -> false;
          case HTTP11, HTTP2, GRPC, UNKNOWN -> true;
        };
  }

  private Explanation through(
      Waypoint waypoint, Workload client, Destination destination, List<Hop> hops) {
    if (waypoint.endpoints().isEmpty()) {
      return notReady(waypoint, hops);
    }
    WaypointDecision decision =
        new AtWaypoint(told, waypoint.name())
            .decide(asked(client, destination), destination.service(), destination);
    hops.add(
        new Hop(
            "waypoint " + waypoint.name(),
            waypoint.endpoints().size()
                + " of "
                + waypoint.all()
                + " ready, on as "
                + waypoint.endpoints().getFirst().identity().principal(),
            decision.details()));
    return decision.forwards()
        ? behind(waypoint, decision, endpoints(client, destination), hops)
        : new Explanation(decision.verdict(), decision.summary(), hops, decision.next());
  }

  private static Explanation notReady(Waypoint waypoint, List<Hop> hops) {
    hops.add(
        new Hop(
            "waypoint " + waypoint.name(),
            "no healthy upstream: "
                + waypoint.all()
                + " endpoints, 0 ready; it is not gone around, so the connection is refused",
            List.of()));
    return new Explanation(
        Verdict.REFUSED,
        "REFUSED: no waypoint is ready",
        hops,
        List.of("adit waypoint status -n " + waypoint.name().split("/", 2)[0]));
  }

  private Asked asked(Workload client, Destination destination) {
    Service service = destination.service();
    Workload workload = destination.workload();
    InetAddress from = address(client);
    InetAddress to =
        service != null ? address(service, client) : workload == null ? from : address(workload);
    return new Asked(
        request,
        client.identity(),
        from,
        to,
        destination.port(),
        service == null ? "" : service.hostname(),
        isHttp(service, destination.port()));
  }

  /// @param dialled endpoints of what the client dials
  private Explanation behind(
      Waypoint waypoint, WaypointDecision decision, List<Endpoint> dialled, List<Hop> hops) {
    Workload self = waypoint.endpoints().getFirst();
    Servers servers = servers();
    for (WaypointDecision.Backend backend : decision.backends()) {
      Service service = backend.service();
      servers.ask(
          self,
          true,
          service == null ? dialled : endpoints(told.mesh(), self, service, backend.port()),
          backend.text());
    }
    hops.addAll(servers.hops());
    String trapped =
        servers.refuses(self)
            ? "adit waypoint apply -n "
                + waypoint.name().replace("/", " --name ")
                + " --migrate-policies   # policies of layer 4 allow clients, and what arrives is the waypoint"
            : "";
    Explanation end = servers.conclusion(hops, trapped);
    boolean depends = end.verdict() == Verdict.ALLOWED && decision.verdict() == Verdict.DEPENDS;
    return depends
        ? new Explanation(Verdict.DEPENDS, decision.summary(), hops, decision.next())
        : end;
  }
}
