package adit.model.balance;

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
import adit.model.SpiffeId;
import adit.model.Workload;
import adit.model.Workload.ApplicationTunnel;
import adit.model.Workload.Reach;
import adit.model.Workload.TunnelProtocol;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Endpoints without an address, waypoints, and shares by capacity.
final class BalancerReachTest {
  private static final NamespacedHostname KEY = new NamespacedHostname("ns", "svc");
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");
  private static final GatewayAddress GATEWAY =
      new GatewayAddress.ByAddress(new NetworkAddress("n2", VIP), 15008);
  private static final Workload SOURCE = endpoint("source", "n1", List.of(), "", Reach.HBONE, 1);

  private static Workload endpoint(
      String name, String network, List<String> ips, String hostname, Reach reach, int capacity) {
    return new Workload(
        name,
        name,
        new SpiffeId("td", "ns", name),
        Workload.Canonical.NONE,
        new Workload.Placement(network, "c", "node", Locality.UNKNOWN),
        ips.stream().map(InetAddress::ofLiteral).toList(),
        hostname,
        reach,
        Map.of(KEY, PortMap.EMPTY),
        List.of(),
        true,
        capacity);
  }

  private static Reach reach(
      @Nullable GatewayAddress networkGateway, @Nullable ApplicationTunnel tunnel) {
    return new Reach(TunnelProtocol.HBONE, false, false, null, networkGateway, tunnel);
  }

  private static Service service(Map<Integer, Integer> ports) {
    return new Service(
        "svc",
        KEY,
        List.of(new NetworkAddress("", VIP)),
        List.of(),
        new PortMap(ports),
        List.of(),
        Service.Waypoints.NONE,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        true,
        false);
  }

  private static MeshView view(Service service, Workload... workloads) {
    return MeshView.empty()
        .with(MeshChange.ofAddresses(List.of(workloads), List.of(service), List.of()));
  }

  private static Choice choose(Workload endpoint) {
    Service service = service(Map.of(80, 8080));
    return Balancer.choose(view(service, endpoint), service, request(80), new Random(1));
  }

  private static Balancer.Request request(int port) {
    return new Balancer.Request(SOURCE, VIP, port, Set.of());
  }

  @Test
  void endpointWithAHostnameOnly_isChosenWithoutAddress() {
    assertThat(choose(endpoint("e", "n1", List.of(), "db.example.com", Reach.PLAIN, 1)))
        .isInstanceOfSatisfying(
            Choice.Endpoint.class,
            chosen -> {
              assertThat(chosen.ip()).isNull();
              assertThat(chosen.targetPort()).isEqualTo(8080);
            });
  }

  @Test
  void endpointWithoutAnyAddress_countsOnlyBehindTheGatewayOfAnotherNetwork() {
    assertThat(choose(endpoint("e", "n2", List.of(), "", reach(GATEWAY, null), 1)))
        .isInstanceOf(Choice.Endpoint.class);
    assertThat(choose(endpoint("e", "n1", List.of(), "", reach(GATEWAY, null), 1)))
        .isInstanceOf(Choice.None.class);
    assertThat(choose(endpoint("e", "n2", List.of(), "", Reach.HBONE, 1)))
        .isInstanceOf(Choice.None.class);
  }

  @Test
  void waypointPortThatTheServiceLacks_needsAnApplicationTunnelWithAPort() {
    Service service = service(Map.of());
    List<String> ips = List.of("10.0.0.1");
    Workload plain = endpoint("plain", "n1", ips, "", Reach.HBONE, 1);
    Workload noPort =
        endpoint("noport", "n1", ips, "", reach(null, new ApplicationTunnel(true, 0)), 1);
    Workload tunnel =
        endpoint("tunnel", "n1", ips, "", reach(null, new ApplicationTunnel(true, 15088)), 1);
    MeshView view = view(service, plain, noPort, tunnel);
    assertThat(Balancer.chooseWaypoint(view, service, request(15008), new Random(1)))
        .isInstanceOfSatisfying(
            Choice.Endpoint.class,
            chosen -> {
              assertThat(chosen.workload().name()).isEqualTo("tunnel");
              assertThat(chosen.targetPort()).isEqualTo(15008);
            });
    assertThat(Balancer.choose(view, service, request(15008), new Random(1)))
        .as("not as a plain service")
        .isInstanceOf(Choice.None.class);
  }

  @Test
  void waypointPortOfTheService_isMappedToItsTarget() {
    Service service = service(Map.of(15009, 15008));
    Workload waypoint = endpoint("w", "n1", List.of("10.0.0.1"), "", Reach.HBONE, 1);
    assertThat(
            Balancer.chooseWaypoint(
                view(service, waypoint), service, request(15009), new Random(1)))
        .isInstanceOfSatisfying(
            Choice.Endpoint.class, chosen -> assertThat(chosen.targetPort()).isEqualTo(15008));
  }

  @Test
  void capacities_areShares() {
    Service service = service(Map.of(80, 8080));
    List<String> ips = List.of("10.0.0.1");
    MeshView view =
        view(
            service,
            endpoint("three", "n1", ips, "", Reach.HBONE, 3),
            endpoint("one", "n1", ips, "", Reach.HBONE, 1));
    Random random = new Random(7);
    int three = 0;
    for (int i = 0; i < 10_000; i++) {
      if (Balancer.choose(view, service, request(80), random) instanceof Choice.Endpoint chosen
          && chosen.workload().name().equals("three")) {
        three++;
      }
    }
    assertThat(three).isBetween(7_200, 7_800);
  }
}
