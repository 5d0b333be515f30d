package adit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MeshViewTest {
  private static final NamespacedHostname WEB = new NamespacedHostname("shop", "web.shop.svc");

  static Workload pod(String name, String ip, boolean healthy, NamespacedHostname... services) {
    return workload("c//Pod/shop/" + name, name, ip, healthy, services);
  }

  private static Workload workload(
      String uid, String name, String ip, boolean healthy, NamespacedHostname... services) {
    Map<NamespacedHostname, PortMap> ports = new java.util.HashMap<>();
    for (NamespacedHostname service : services) {
      ports.put(service, new PortMap(Map.of(80, 8080)));
    }
    return new Workload(
        uid,
        name,
        new SpiffeId("cluster.local", "shop", name),
        Workload.Canonical.NONE,
        new Workload.Placement("", "c", "node-a", Locality.UNKNOWN),
        List.of(InetAddress.ofLiteral(ip)),
        "",
        Workload.Reach.HBONE,
        ports,
        List.of("shop/listed"),
        healthy,
        1);
  }

  static Service service(NamespacedHostname key, String vip, boolean canonical, boolean hidden) {
    return new Service(
        "web",
        key,
        List.of(new NetworkAddress("", InetAddress.ofLiteral(vip))),
        List.of(),
        new PortMap(Map.of(80, 0)),
        List.of(),
        Service.Waypoints.NONE,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        canonical,
        hidden);
  }

  private static NetworkAddress at(String ip) {
    return new NetworkAddress("", InetAddress.ofLiteral(ip));
  }

  private static MeshView with(List<Workload> workloads, List<Service> services) {
    return MeshView.empty().with(MeshChange.ofAddresses(workloads, services, List.of()));
  }

  @Test
  void endpoints_followTheirWorkloads_whicheverComesFirst() {
    MeshView staged = with(List.of(pod("a", "10.0.0.1", true, WEB)), List.of());
    assertThat(staged.servicesWithStagedEndpoints()).containsExactly(WEB);
    Service web = service(WEB, "10.96.0.1", true, false);
    MeshView known = staged.with(MeshChange.ofAddresses(List.of(), List.of(web), List.of()));
    assertThat(known.servicesWithStagedEndpoints()).isEmpty();
    assertThat(known.endpoints(web).all()).hasSize(1);
    MeshView gone =
        known.with(MeshChange.ofAddresses(List.of(), List.of(), List.of("c//Pod/shop/a")));
    assertThat(gone.endpoints(web).all()).isEmpty();
    assertThat(known.endpoints(web).all()).as("the old view stays as it was").hasSize(1);
  }

  @Test
  void unhealthyEndpoint_comesBackWhenItsHealthDoes() {
    Service web = service(WEB, "10.96.0.1", true, false);
    MeshView sick = with(List.of(pod("a", "10.0.0.1", false, WEB)), List.of(web));
    assertThat(sick.endpoints(web).all().getFirst().workload().healthy()).isFalse();
    MeshView well =
        sick.with(
            MeshChange.ofAddresses(List.of(pod("a", "10.0.0.1", true, WEB)), List.of(), List.of()));
    assertThat(well.endpoints(web).all().getFirst().workload().healthy()).isTrue();
  }

  @Test
  void endpointThatLeavesAService_isGoneThere() {
    Service web = service(WEB, "10.96.0.1", true, false);
    MeshView view =
        with(List.of(pod("a", "10.0.0.1", true, WEB)), List.of(web))
            .with(
                MeshChange.ofAddresses(List.of(pod("a", "10.0.0.1", true)), List.of(), List.of()));
    assertThat(view.endpoints(web).all()).isEmpty();
  }

  @Test
  void addressOfTwoWorkloads_belongsToThePod() {
    Workload entry = workload("c/networking.istio.io/WorkloadEntry/shop/e", "e", "10.0.0.1", true);
    MeshView view = with(List.of(entry, pod("a", "10.0.0.1", true)), List.of());
    assertThat(view.workloadByIp(at("10.0.0.1"))).extracting("name").isEqualTo("a");
    MeshView without =
        view.with(MeshChange.ofAddresses(List.of(), List.of(), List.of("c//Pod/shop/a")));
    assertThat(without.workloadByIp(at("10.0.0.1"))).extracting("name").isEqualTo("e");
  }

  @Test
  void addressOfTwoServices_isTheClientsOwn_thenTheCanonical() {
    Service other =
        service(new NamespacedHostname("other", "web.other.svc"), "10.96.0.1", false, false);
    Service canonical =
        service(new NamespacedHostname("main", "web.main.svc"), "10.96.0.1", true, false);
    Service hidden =
        service(new NamespacedHostname("dark", "web.dark.svc"), "10.96.0.1", true, true);
    MeshView view = with(List.of(), List.of(other, canonical, hidden));
    assertThat(view.serviceByVip(at("10.96.0.1"), "other")).isEqualTo(other);
    assertThat(view.serviceByVip(at("10.96.0.1"), "third")).isEqualTo(canonical);
    assertThat(view.serviceByVip(at("10.96.0.1"), "dark")).isEqualTo(hidden);
  }

  @Test
  void ranges_loseToAddresses_andLongerOnesWin() {
    MeshView view =
        with(
            List.of(),
            List.of(
                range("wide", "10.1.0.0", 16),
                range("narrow", "10.1.2.0", 24),
                service(new NamespacedHostname("n", "exact"), "10.1.2.3", true, false)));
    assertThat(view.serviceByVip(at("10.1.2.3"), "x"))
        .extracting("key.hostname")
        .isEqualTo("exact");
    assertThat(view.serviceByVip(at("10.1.2.4"), "x"))
        .extracting("key.hostname")
        .isEqualTo("narrow");
    assertThat(view.serviceByVip(at("10.1.9.9"), "x")).extracting("key.hostname").isEqualTo("wide");
    assertThat(view.serviceByVip(at("10.2.0.0"), "x")).isNull();
  }

  private static Service range(String host, String base, int length) {
    return new Service(
        host,
        new NamespacedHostname("n", host),
        List.of(),
        List.of(new Service.CidrVip("", new Cidr(InetAddress.ofLiteral(base), length))),
        PortMap.EMPTY,
        List.of(),
        Service.Waypoints.NONE,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        true,
        false);
  }

  @Test
  void policies_areThoseOfAllOfTheNamespaceAndListedOnes() {
    MeshView view =
        with(List.of(pod("a", "10.0.0.1", true)), List.of())
            .with(
                MeshChange.ofPolicies(
                    List.of(
                        policy("istio-system", "global", Policy.Scope.GLOBAL),
                        policy("shop", "own", Policy.Scope.NAMESPACE),
                        policy("other", "foreign", Policy.Scope.NAMESPACE),
                        policy("shop", "unlisted", Policy.Scope.WORKLOAD_SELECTOR)),
                    List.of()));
    Workload a = java.util.Objects.requireNonNull(view.workloadByUid("c//Pod/shop/a"));
    assertThat(view.policiesFor(a))
        .extracting(Policy::name)
        .containsExactlyInAnyOrder("global", "own");
    assertThat(view.missingPolicies(a)).containsExactly("shop/listed");
    MeshView complete =
        view.with(
            MeshChange.ofPolicies(
                List.of(policy("shop", "listed", Policy.Scope.WORKLOAD_SELECTOR)),
                List.of("istio-system/global")));
    assertThat(complete.policiesFor(a))
        .extracting(Policy::name)
        .containsExactlyInAnyOrder("own", "listed");
    assertThat(complete.missingPolicies(a)).isEmpty();
  }

  private static Policy policy(String namespace, String name, Policy.Scope scope) {
    return new Policy(namespace, name, scope, Policy.Action.DENY, List.of(), false);
  }

  @Test
  void localWorkload_matchesNameNamespaceAccountAndNode() {
    MeshView view = with(List.of(pod("a", "10.0.0.1", true)), List.of());
    assertThat(view.localWorkload("a", "shop", "a", "node-a")).isNotNull();
    assertThat(view.localWorkload("a", "shop", "a", "")).isNotNull();
    assertThat(view.localWorkload("a", "shop", "a", "node-b")).isNull();
    assertThat(view.localWorkload("a", "shop", "b", "node-a")).isNull();
  }
}
