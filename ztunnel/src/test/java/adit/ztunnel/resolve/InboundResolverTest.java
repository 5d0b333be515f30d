package adit.ztunnel.resolve;

import static org.assertj.core.api.Assertions.assertThat;

import adit.hbone.Authority;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a pod's proxy takes tunnels for, and what it tells a sandwiched waypoint.
final class InboundResolverTest {
  private static final NamespacedHostname SHOP = new NamespacedHostname("ns", "shop.example");
  private static final NamespacedHostname WAYPOINT = new NamespacedHostname("ns", "wp.example");
  private static final InetAddress HERE = InetAddress.ofLiteral("10.0.0.2");
  private static final GatewayAddress BY_NAME = new GatewayAddress.ByHostname(WAYPOINT, 15008);
  private static final ApplicationTunnel PROXY = new ApplicationTunnel(true, 15088);

  private static Workload local(@Nullable ApplicationTunnel tunnel) {
    return new Workload(
        "here",
        "here",
        new SpiffeId("cluster.local", "ns", "wp"),
        Workload.Canonical.NONE,
        new Workload.Placement("n1", "c", "node", Locality.UNKNOWN),
        List.of(HERE),
        "",
        new Reach(TunnelProtocol.HBONE, false, false, null, null, tunnel),
        Map.of(WAYPOINT, PortMap.EMPTY),
        List.of(),
        true,
        1);
  }

  private static Service service(NamespacedHostname key, Waypoints waypoints, String... vips) {
    return new Service(
        key.hostname(),
        key,
        Arrays.stream(vips)
            .map(vip -> vip.split("@"))
            .map(vip -> new NetworkAddress(vip[1], InetAddress.ofLiteral(vip[0])))
            .toList(),
        List.of(),
        new PortMap(Map.of(80, 8080)),
        List.of(),
        waypoints,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        true,
        false);
  }

  private static InboundRoute route(Workload local, String authority, Service... services) {
    MeshView view =
        MeshView.empty().with(MeshChange.ofAddresses(List.of(local), List.of(services), List.of()));
    Authority parsed = Authority.parseOrNull(authority);
    assertThat(parsed).isNotNull();
    return new InboundResolver("n1", MeshPorts.STANDARD).resolve(view, local, parsed, HERE, null);
  }

  private static InboundRoute.Upstream upstream(InboundRoute route) {
    assertThat(route).isInstanceOf(InboundRoute.Upstream.class);
    return (InboundRoute.Upstream) route;
  }

  @Test
  void ownAddress_leadsToTheApplication_withoutAHeader() {
    InboundRoute.Upstream upstream = upstream(route(local(null), "10.0.0.2:8080"));
    assertThat(upstream.address()).isEqualTo(new InetSocketAddress(HERE, 8080));
    assertThat(upstream.announced()).isNull();
  }

  @Test
  void foreignAddress_isTakenOnlyByItsWaypoint() {
    Waypoints single = new Waypoints(BY_NAME, List.of());
    Waypoints weighted = new Waypoints(null, List.of(new Waypoints.Weighted(BY_NAME, 1)));
    for (Waypoints waypoints : List.of(single, weighted)) {
      Service shop = service(SHOP, waypoints, "10.96.0.1@n1");
      assertThat(upstream(route(local(null), "10.96.0.1:80", shop, wp())).address())
          .isEqualTo(new InetSocketAddress(HERE, 80));
    }
    Service unbound = service(SHOP, Waypoints.NONE, "10.96.0.1@n1");
    assertThat(route(local(null), "10.96.0.1:80", unbound, wp()))
        .isEqualTo(new InboundRoute.Rejected(400, "ip mismatch: 10.0.0.2 != 10.96.0.1"));
  }

  private static Service wp() {
    return service(WAYPOINT, Waypoints.NONE, "10.96.0.2@n1");
  }

  @Test
  void applicationTunnel_takesAnyAddress_atItsPort_andIsToldTheAuthority() {
    InboundRoute.Upstream upstream = upstream(route(local(PROXY), "10.96.0.1:80"));
    assertThat(upstream.address()).isEqualTo(new InetSocketAddress(HERE, 15088));
    assertThat(upstream.announced()).isEqualTo(new InetSocketAddress("10.96.0.1", 80));

    InboundRoute.Upstream silent =
        upstream(route(local(new ApplicationTunnel(false, 0)), "10.96.0.1:80"));
    assertThat(silent.address()).isEqualTo(new InetSocketAddress(HERE, 80));
    assertThat(silent.announced()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "10.96.0.9@n2 fd00::1@n1 10.96.0.1@n1, 10.96.0.1",
    "10.96.0.9@n2 fd00::1@n1, fd00::1",
    "fd00::9@n2 10.96.0.9@n2, 10.96.0.9"
  })
  void applicationTunnel_byHostname_isToldTheServicesAddress(String vips, String announced) {
    Service shop = service(SHOP, Waypoints.NONE, vips.split(" "));
    assertThat(upstream(route(local(PROXY), "shop.example:80", shop)).announced())
        .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral(announced), 80));
  }

  @Test
  void applicationTunnel_byHostnameWithoutAddress_isRejected() {
    assertThat(route(local(PROXY), "shop.example:80", service(SHOP, Waypoints.NONE)))
        .isEqualTo(new InboundRoute.Rejected(503, "no address of shop.example to announce"));
  }

  @Test
  void proxysOwnPorts_areNoApplications() {
    assertThat(route(local(new ApplicationTunnel(true, 15001)), "10.96.0.1:80"))
        .isEqualTo(new InboundRoute.Rejected(503, "self call: port 15001 is the proxy's own"));
  }
}
