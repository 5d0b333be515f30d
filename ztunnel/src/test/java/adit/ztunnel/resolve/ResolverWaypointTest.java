package adit.ztunnel.resolve;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.GatewayAddress;
import adit.model.LoadBalancing;
import adit.model.Locality;
import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.NamespacedHostname;
import adit.model.NetworkAddress;
import adit.model.PortMap;
import adit.model.Service;
import adit.model.Service.Waypoints;
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.Workload.ApplicationTunnel;
import adit.model.Workload.Reach;
import adit.model.Workload.TunnelProtocol;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Ways through waypoints, and none around them.
final class ResolverWaypointTest {
  private static final NamespacedHostname SHOP = key("shop");
  private static final NamespacedHostname WAYPOINT = key("waypoint");
  private static final NamespacedHostname CANARY = key("canary");
  private static final InetSocketAddress SHOP_PORT = new InetSocketAddress("10.96.0.1", 80);
  private static final InetSocketAddress POD_PORT = new InetSocketAddress("10.0.0.1", 8080);
  private static final GatewayAddress BY_NAME = new GatewayAddress.ByHostname(WAYPOINT, 15008);
  private static final GatewayAddress BY_VIP = byAddress("", "10.96.0.2");
  private static final GatewayAddress BY_POD = byAddress("", "10.0.0.2");

  private static NamespacedHostname key(String name) {
    return new NamespacedHostname("ns", name + ".ns.svc.cluster.local");
  }

  private static GatewayAddress byAddress(String network, String ip) {
    return new GatewayAddress.ByAddress(
        new NetworkAddress(network, InetAddress.ofLiteral(ip)), 15008);
  }

  private static Workload workload(
      String name, List<String> ips, Reach reach, NamespacedHostname... services) {
    return workload(name, "", ips, reach, true, services);
  }

  private static Workload workload(
      String name,
      String network,
      List<String> ips,
      Reach reach,
      boolean healthy,
      NamespacedHostname... services) {
    Map<NamespacedHostname, PortMap> of = new HashMap<>();
    List.of(services).forEach(service -> of.put(service, PortMap.EMPTY));
    return new Workload(
        name,
        name,
        identity(name.replaceAll("[0-9]", "")),
        Workload.Canonical.NONE,
        new Workload.Placement(network, "c", "node", Locality.UNKNOWN),
        ips.stream().map(InetAddress::ofLiteral).toList(),
        "",
        reach,
        of,
        List.of(),
        healthy,
        1);
  }

  private static SpiffeId identity(String account) {
    return new SpiffeId("cluster.local", "ns", account);
  }

  private static Reach behind(@Nullable GatewayAddress waypoint) {
    return new Reach(TunnelProtocol.HBONE, false, false, waypoint, null, null);
  }

  private static Service service(
      NamespacedHostname key,
      List<String> vips,
      Map<Integer, Integer> ports,
      Waypoints waypoints,
      String... names) {
    return new Service(
        key.hostname(),
        key,
        vips.stream().map(vip -> new NetworkAddress("", InetAddress.ofLiteral(vip))).toList(),
        List.of(),
        new PortMap(ports),
        List.of(names),
        waypoints,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        true,
        false);
  }

  private static Waypoints only(GatewayAddress waypoint) {
    return new Waypoints(waypoint, List.of());
  }

  private static Service shop(Waypoints waypoints) {
    return service(SHOP, List.of("10.96.0.1", "fd00:96::1"), Map.of(80, 8080), waypoints);
  }

  private static final Service WAYPOINT_SERVICE =
      service(WAYPOINT, List.of("10.96.0.2"), Map.of(15008, 15008), Waypoints.NONE);
  private static final Workload CLIENT = workload("client", List.of("10.0.0.9"), Reach.HBONE);
  private static final Workload SERVER = workload("server", List.of("10.0.0.1"), Reach.HBONE, SHOP);

  /// The waypoint's pod is not in the mesh itself: nobody captures it.
  private static final Workload ONE =
      workload("waypoint1", List.of("10.0.0.2", "fd00::2"), Reach.PLAIN, WAYPOINT);

  private static final Workload TWO =
      workload("waypoint2", List.of("10.0.0.3", "fd00::3"), Reach.PLAIN, WAYPOINT);

  private final Random random = new Random(3);

  private static MeshView view(List<Service> services, Workload... workloads) {
    return MeshView.empty().with(MeshChange.ofAddresses(List.of(workloads), services, List.of()));
  }

  private Route route(MeshView view, Workload source, InetSocketAddress to, String... tried) {
    return new Resolver("", MeshPorts.STANDARD, random).resolve(view, source, to, Set.of(tried));
  }

  private static Route.Tunneled tunneled(Route route) {
    assertThat(route).isInstanceOf(Route.Tunneled.class);
    return (Route.Tunneled) route;
  }

  private static Route.Refused refused(Route route) {
    assertThat(route).isInstanceOf(Route.Refused.class);
    return (Route.Refused) route;
  }

  private static InetSocketAddress hbone(String ip) {
    return new InetSocketAddress(ip, 15008);
  }

  @Test
  void service_withAWaypointByHostname_goesThereWithItsOwnAddressAndPort() {
    MeshView view = view(List.of(shop(only(BY_NAME)), WAYPOINT_SERVICE), SERVER, ONE);

    Route.Tunneled route = tunneled(route(view, CLIENT, SHOP_PORT));

    assertThat(route.proxy()).isEqualTo(hbone("10.0.0.2"));
    assertThat(route.destination()).isEqualTo(SHOP_PORT);
    assertThat(route.expected()).containsExactly(identity("waypoint"));
    assertThat(route.target().workload()).isEqualTo(ONE);
    assertThat(route.target().service()).isEqualTo(view.service(SHOP));
    assertThat(route.target().waypoint()).isEqualTo(BY_NAME);
  }

  @Test
  void service_dialledBySix_reachesTheWaypointBySix() {
    MeshView view = view(List.of(shop(only(BY_NAME)), WAYPOINT_SERVICE), SERVER, ONE);

    Route.Tunneled route = tunneled(route(view, CLIENT, new InetSocketAddress("fd00:96::1", 80)));

    assertThat(route.proxy()).isEqualTo(hbone("fd00::2"));
  }

  @Test
  void service_withAWaypointByServiceAddress_keepsThatAddresssFamily() {
    MeshView view = view(List.of(shop(only(BY_VIP)), WAYPOINT_SERVICE), SERVER, ONE);

    Route.Tunneled route = tunneled(route(view, CLIENT, new InetSocketAddress("fd00:96::1", 80)));

    assertThat(route.proxy()).isEqualTo(hbone("10.0.0.2"));
  }

  @Test
  void service_withAWaypointByPodAddress_goesToThatPod() {
    MeshView view = view(List.of(shop(only(BY_POD))), SERVER, ONE);

    Route.Tunneled route = tunneled(route(view, CLIENT, SHOP_PORT));

    assertThat(route.proxy()).isEqualTo(hbone("10.0.0.2"));
    assertThat(route.expected()).containsExactly(identity("waypoint"));
    assertThat(refused(route(view, CLIENT, SHOP_PORT, "waypoint1")).seen())
        .isEqualTo("waypoint /10.0.0.2:15008: the only endpoint has failed");
  }

  @Test
  void identities_areTheWorkloadsAndWhatTheWaypointsServiceNames() {
    Service named =
        service(
            WAYPOINT,
            List.of(),
            Map.of(15008, 15008),
            Waypoints.NONE,
            "spiffe://other/ns/x/sa/gateway",
            "not an identity");
    MeshView view = view(List.of(shop(only(BY_NAME)), named), SERVER, ONE);

    assertThat(tunneled(route(view, CLIENT, SHOP_PORT)).expected())
        .containsExactly(new SpiffeId("other", "x", "gateway"), identity("waypoint"));
  }

  @Test
  void port_ofTheWaypoint_isMappedByItsService() {
    Service mapped = service(WAYPOINT, List.of(), Map.of(15008, 15018), Waypoints.NONE);
    MeshView view = view(List.of(shop(only(BY_NAME)), mapped), SERVER, ONE);

    assertThat(tunneled(route(view, CLIENT, SHOP_PORT)).proxy())
        .isEqualTo(new InetSocketAddress("10.0.0.2", 15018));
  }

  @Test
  void port_thatTheWaypointsServiceLacks_needsAnApplicationTunnel() {
    Service portless = service(WAYPOINT, List.of(), Map.of(80, 80), Waypoints.NONE);
    Workload sandwiched =
        workload(
            "waypoint9",
            List.of("10.0.0.4"),
            new Reach(
                TunnelProtocol.HBONE, false, false, null, null, new ApplicationTunnel(true, 15088)),
            WAYPOINT);
    MeshView without = view(List.of(shop(only(BY_NAME)), portless), SERVER, ONE);
    MeshView with = view(List.of(shop(only(BY_NAME)), portless), SERVER, ONE, sandwiched);

    assertThat(route(without, CLIENT, SHOP_PORT)).isInstanceOf(Route.Refused.class);
    assertThat(tunneled(route(with, CLIENT, SHOP_PORT)).proxy()).isEqualTo(hbone("10.0.0.4"));
  }

  @Test
  void endpoints_shareTheConnections_andAnotherFollowsOneThatFailed() {
    MeshView view = view(List.of(shop(only(BY_NAME)), WAYPOINT_SERVICE), SERVER, ONE, TWO);

    Map<Workload, Integer> chosen = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      chosen.merge(tunneled(route(view, CLIENT, SHOP_PORT)).target().workload(), 1, Integer::sum);
    }
    assertThat(chosen.get(ONE)).isBetween(430, 570);
    for (int i = 0; i < 20; i++) {
      assertThat(tunneled(route(view, CLIENT, SHOP_PORT, "waypoint1")).proxy())
          .isEqualTo(hbone("10.0.0.3"));
    }
  }

  @Test
  void waypointWithoutHealthyEndpoints_isNeverGoneAround() {
    Workload sick = workload("waypoint1", "", List.of("10.0.0.2"), Reach.PLAIN, false, WAYPOINT);
    MeshView view = view(List.of(shop(only(BY_NAME)), WAYPOINT_SERVICE), SERVER, sick);

    Route.Refused route = refused(route(view, CLIENT, SHOP_PORT));

    assertThat(route.reason()).isEqualTo("no healthy upstream");
    assertThat(route.seen())
        .isEqualTo(
            "waypoint ns/waypoint.ns.svc.cluster.local:15008: service"
                + " ns/waypoint.ns.svc.cluster.local has 1 endpoints, 0 healthy, 0 tried");
    assertThat(route.target().service()).isEqualTo(view.service(SHOP));
  }

  @Test
  void waypointThatNobodyKnows_isNeverGoneAround() {
    for (GatewayAddress waypoint : List.of(BY_NAME, BY_VIP)) {
      MeshView view = view(List.of(shop(only(waypoint))), SERVER);

      assertThat(refused(route(view, CLIENT, SHOP_PORT)).seen())
          .startsWith("waypoint " + waypoint + ": no");
    }
  }

  @Test
  void waypointOnAnotherNetwork_isNotDialledDirectly() {
    Workload far = workload("waypoint1", "n2", List.of("10.0.0.2"), Reach.PLAIN, true, WAYPOINT);
    MeshView view = view(List.of(shop(only(BY_NAME)), WAYPOINT_SERVICE), SERVER, far);

    assertThat(route(view, CLIENT, SHOP_PORT))
        .isInstanceOfSatisfying(
            Route.ViaNetworkGateway.class, way -> assertThat(way.network()).isEqualTo("n2"));
  }

  @Test
  void weights_areDrawnPerConnection_andOutweighTheSingleOne() {
    GatewayAddress canary = new GatewayAddress.ByHostname(CANARY, 15008);
    Waypoints split =
        new Waypoints(
            BY_VIP,
            List.of(new Waypoints.Weighted(BY_NAME, 90), new Waypoints.Weighted(canary, 10)));
    Service canaries = service(CANARY, List.of(), Map.of(15008, 15008), Waypoints.NONE);
    Workload canaryPod = workload("canary", List.of("10.0.0.5"), Reach.PLAIN, CANARY);
    MeshView view = view(List.of(shop(split), WAYPOINT_SERVICE, canaries), SERVER, ONE, canaryPod);

    int drawn = 0;
    for (int i = 0; i < 2000; i++) {
      if (tunneled(route(view, CLIENT, SHOP_PORT)).proxy().equals(hbone("10.0.0.5"))) {
        drawn++;
      }
    }
    assertThat(drawn).isBetween(140, 260);
    assertThat(tunneled(route(view, canaryPod, SHOP_PORT)).proxy())
        .as("what the canary itself sends does not come back by the other one")
        .isEqualTo(hbone("10.0.0.1"));
  }

  @Test
  void weights_allZero_leaveTheSingleOne() {
    Waypoints split = new Waypoints(BY_VIP, List.of(new Waypoints.Weighted(BY_NAME, 0)));
    MeshView view = view(List.of(shop(split), WAYPOINT_SERVICE), SERVER, ONE);
    assertThat(tunneled(route(view, CLIENT, SHOP_PORT)).target().waypoint()).isEqualTo(BY_VIP);

    Waypoints none = new Waypoints(null, List.of(new Waypoints.Weighted(BY_NAME, 0)));
    assertThat(route(view(List.of(shop(none), WAYPOINT_SERVICE), SERVER, ONE), CLIENT, SHOP_PORT))
        .isInstanceOf(Route.Refused.class);
  }

  @Test
  void service_fromTheWaypointItself_goesToTheEndpoint() {
    for (GatewayAddress waypoint : List.of(BY_NAME, BY_VIP, BY_POD)) {
      MeshView view = view(List.of(shop(only(waypoint)), WAYPOINT_SERVICE), SERVER, ONE);

      Route.Tunneled route = tunneled(route(view, ONE, SHOP_PORT));

      assertThat(route.proxy()).isEqualTo(hbone("10.0.0.1"));
      assertThat(route.destination()).isEqualTo(POD_PORT);
      assertThat(route.target().waypoint()).isNull();
    }
  }

  @Test
  void service_whoseAddressIsAWorkloadsToo_goesThroughItsWaypoint() {
    Service external = service(SHOP, List.of("10.0.0.1"), Map.of(8080, 8080), only(BY_NAME));
    MeshView view = view(List.of(external, WAYPOINT_SERVICE), SERVER, ONE);

    assertThat(tunneled(route(view, CLIENT, POD_PORT)).proxy()).isEqualTo(hbone("10.0.0.2"));
  }

  @Test
  void pod_withAWaypoint_isReachedThroughItAtItsOwnAddressOnly() {
    Workload guarded = workload("server", List.of("10.0.0.1"), behind(BY_NAME), SHOP);
    MeshView view = view(List.of(shop(Waypoints.NONE), WAYPOINT_SERVICE), guarded, ONE, TWO);

    Route.Tunneled through = tunneled(route(view, CLIENT, POD_PORT, "waypoint2"));
    assertThat(through.proxy()).isEqualTo(hbone("10.0.0.2"));
    assertThat(through.destination()).isEqualTo(POD_PORT);
    assertThat(through.target().service()).isNull();
    assertThat(through.target().isChosen()).isTrue();

    assertThat(tunneled(route(view, CLIENT, SHOP_PORT)).proxy())
        .as("by the service")
        .isEqualTo(hbone("10.0.0.1"));
    assertThat(tunneled(route(view, ONE, POD_PORT)).proxy())
        .as("from the waypoint")
        .isEqualTo(hbone("10.0.0.1"));
    assertThat(refused(route(view, CLIENT, POD_PORT, "waypoint1", "waypoint2")).seen())
        .startsWith("waypoint ns/waypoint.ns.svc.cluster.local:15008: ");
  }

  @Test
  void everyWayOfAClient_endsAtAWaypointOrNowhere() {
    List<GatewayAddress> references = List.of(BY_NAME, BY_VIP, BY_POD, byAddress("n2", "10.0.0.2"));
    Set<InetAddress> waypoints =
        new HashSet<>(
            List.of(InetAddress.ofLiteral("10.0.0.2"), InetAddress.ofLiteral("10.0.0.3")));
    List<Workload> pods = List.of(ONE, TWO, CLIENT);
    for (int i = 0; i < 3000; i++) {
      GatewayAddress reference = references.get(random.nextInt(references.size()));
      List<Workload> known = new ArrayList<>(pods);
      known.removeIf(_ -> random.nextInt(3) == 0);
      known.add(workload("server", List.of("10.0.0.1"), behind(reference), SHOP));
      List<Service> services = new ArrayList<>(List.of(shop(only(reference))));
      if (random.nextBoolean()) {
        services.add(WAYPOINT_SERVICE);
      }
      MeshView view = view(services, known.toArray(Workload[]::new));
      String[] tried = random.nextBoolean() ? new String[] {"waypoint1"} : new String[0];

      Route route = route(view, CLIENT, random.nextBoolean() ? SHOP_PORT : POD_PORT, tried);

      if (route instanceof Route.Tunneled way) {
        assertThat(waypoints).contains(way.proxy().getAddress());
      } else {
        assertThat(route).isInstanceOf(Route.Refused.class);
      }
    }
  }
}
