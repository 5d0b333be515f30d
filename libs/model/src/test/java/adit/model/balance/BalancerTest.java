package adit.model.balance;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.LoadBalancing;
import adit.model.LoadBalancing.HealthPolicy;
import adit.model.LoadBalancing.Mode;
import adit.model.LoadBalancing.Scope;
import adit.model.Locality;
import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.NamespacedHostname;
import adit.model.NetworkAddress;
import adit.model.PortMap;
import adit.model.Service;
import adit.model.SpiffeId;
import adit.model.Workload;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class BalancerTest {
  private static final NamespacedHostname KEY = new NamespacedHostname("ns", "svc");
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");

  private record Spec(
      String name,
      String network,
      String zone,
      String node,
      boolean healthy,
      int capacity,
      Map<Integer, Integer> ports,
      List<String> ips) {
    Spec(String name, String network, String zone, String node) {
      this(name, network, zone, node, true, 1, Map.of(80, 8080), List.of("10.0.0.1", "fd00::1"));
    }

    Workload workload() {
      return new Workload(
          name,
          name,
          new SpiffeId("td", "ns", name),
          Workload.Canonical.NONE,
          new Workload.Placement(network, "c", node, new Locality("r", zone, "")),
          ips.stream().map(InetAddress::ofLiteral).toList(),
          "",
          Workload.Reach.HBONE,
          Map.of(KEY, new PortMap(ports)),
          List.of(),
          healthy,
          capacity);
    }
  }

  private static final Workload SOURCE = new Spec("source", "n1", "z1", "node1").workload();

  private static Service service(LoadBalancing balancing, Service.IpFamilies families) {
    return new Service(
        "svc",
        KEY,
        List.of(new NetworkAddress("", VIP)),
        List.of(),
        new PortMap(Map.of(80, 0, 81, 9090)),
        List.of(),
        Service.Waypoints.NONE,
        balancing,
        families,
        true,
        false);
  }

  private static Set<String> chosen(
      LoadBalancing balancing, int port, Set<String> exclude, Spec... specs) {
    Service service = service(balancing, Service.IpFamilies.AUTOMATIC);
    MeshView view = view(service, specs);
    Set<String> names = new TreeSet<>();
    Random random = new Random(1);
    for (int i = 0; i < 200; i++) {
      switch (Balancer.choose(
          view, service, new Balancer.Request(SOURCE, VIP, port, exclude), random)) {
        case Choice.Endpoint(var workload, int target, _) ->
            names.add(workload.name() + ":" + target);
        case Choice.None none -> names.add(none.reason());
        case Choice.Passthrough _ -> names.add("passthrough");
      }
    }
    return names;
  }

  private static MeshView view(Service service, Spec... specs) {
    return MeshView.empty()
        .with(
            MeshChange.ofAddresses(
                List.of(specs).stream().map(Spec::workload).toList(), List.of(service), List.of()));
  }

  private static LoadBalancing failover(Scope... scopes) {
    return new LoadBalancing(List.of(scopes), Mode.FAILOVER, HealthPolicy.ONLY_HEALTHY);
  }

  private static Spec with(
      String name, boolean healthy, int capacity, Map<Integer, Integer> ports) {
    return new Spec(name, "n1", "z1", "node1", healthy, capacity, ports, List.of("10.0.0.1"));
  }

  @Test
  void byDefault_allHealthyEndpointsAreChosen() {
    assertThat(
            chosen(
                LoadBalancing.DEFAULT,
                80,
                Set.of(),
                new Spec("a", "n1", "z1", "x"),
                new Spec("b", "n1", "z2", "y"),
                with("sick", false, 1, Map.of(80, 8080))))
        .containsExactly("a:8080", "b:8080");
  }

  @Test
  void unhealthyEndpoints_countWhenTheServiceSaysSo() {
    assertThat(
            chosen(
                new LoadBalancing(List.of(), Mode.ANY, HealthPolicy.ALLOW_ALL),
                80,
                Set.of(),
                with("sick", false, 1, Map.of(80, 8080))))
        .containsExactly("sick:8080");
  }

  @Test
  void triedEndpoints_areNotChosenAgain() {
    Spec a = new Spec("a", "n1", "z1", "x");
    Spec b = new Spec("b", "n1", "z1", "y");
    assertThat(chosen(LoadBalancing.DEFAULT, 80, Set.of("a"), a, b)).containsExactly("b:8080");
    assertThat(chosen(LoadBalancing.DEFAULT, 80, Set.of("a", "b"), a, b))
        .containsExactly("no healthy upstream");
  }

  @Test
  void failover_takesTheLongestPrefixOfPreferences() {
    Spec near = new Spec("near", "n1", "z1", "node2");
    Spec far = new Spec("far", "n1", "z2", "node1");
    assertThat(chosen(failover(Scope.NETWORK, Scope.REGION, Scope.ZONE), 80, Set.of(), near, far))
        .containsExactly("near:8080");
    assertThat(chosen(failover(Scope.NODE, Scope.ZONE), 80, Set.of(), near, far))
        .containsExactly("far:8080");
    assertThat(chosen(failover(Scope.ZONE), 80, Set.of("near"), near, far))
        .containsExactly("far:8080");
  }

  @Test
  void failover_ownNetworkOutweighsANearerZone() {
    Spec own = new Spec("own", "n1", "z9", "node9");
    Spec other = new Spec("other", "n2", "z1", "node1");
    assertThat(chosen(failover(Scope.NETWORK, Scope.ZONE), 80, Set.of(), own, other))
        .containsExactly("own:8080");
  }

  @Test
  void strict_takesOnlyFullMatches() {
    var strict = new LoadBalancing(List.of(Scope.NODE), Mode.STRICT, HealthPolicy.ONLY_HEALTHY);
    assertThat(
            chosen(
                strict,
                80,
                Set.of(),
                new Spec("here", "n1", "z1", "node1"),
                new Spec("there", "n1", "z1", "node2")))
        .containsExactly("here:8080");
    assertThat(chosen(strict, 80, Set.of(), new Spec("there", "n1", "z1", "node2")))
        .containsExactly("no healthy upstream");
  }

  @Test
  void namedPort_choosesOnlyWhoMapsIt_numberedOneFallsBackToTheService() {
    Spec maps = with("maps", true, 1, Map.of(80, 7777));
    Spec doesNot = with("doesnot", true, 1, Map.of());
    assertThat(chosen(LoadBalancing.DEFAULT, 80, Set.of(), maps, doesNot))
        .containsExactly("maps:7777");
    assertThat(chosen(LoadBalancing.DEFAULT, 81, Set.of(), maps, doesNot))
        .containsExactly("doesnot:9090", "maps:9090");
    assertThat(chosen(LoadBalancing.DEFAULT, 82, Set.of(), maps))
        .containsExactly("no healthy upstream");
  }

  @Test
  void capacityZero_isNeverChosen() {
    assertThat(
            chosen(
                LoadBalancing.DEFAULT,
                80,
                Set.of(),
                with("a", true, 1, Map.of(80, 1)),
                with("b", true, 0, Map.of(80, 1))))
        .containsExactly("a:1");
    assertThat(chosen(LoadBalancing.DEFAULT, 80, Set.of(), with("b", true, 0, Map.of(80, 1))))
        .containsExactly("no healthy upstream");
  }

  @Test
  void passthrough_makesNoChoice() {
    assertThat(
            chosen(
                new LoadBalancing(List.of(), Mode.PASSTHROUGH, HealthPolicy.ALLOW_ALL),
                80,
                Set.of()))
        .containsExactly("passthrough");
  }

  @Test
  void address_isOfTheFamilyThatWasDialled_ifTheServiceAllowsIt() {
    assertThat(addressFor(Service.IpFamilies.DUAL, "10.96.0.1")).isEqualTo("10.0.0.1");
    assertThat(addressFor(Service.IpFamilies.DUAL, "fd00::96")).isEqualTo("fd00:0:0:0:0:0:0:1");
    assertThat(addressFor(Service.IpFamilies.IPV6_ONLY, "10.96.0.1"))
        .isEqualTo("fd00:0:0:0:0:0:0:1");
  }

  private static String addressFor(Service.IpFamilies families, String dialled) {
    Service service = service(LoadBalancing.DEFAULT, families);
    var request = new Balancer.Request(SOURCE, InetAddress.ofLiteral(dialled), 80, Set.of());
    var choice =
        Balancer.choose(
            view(service, new Spec("a", "n1", "z1", "x")), service, request, new Random(1));
    return choice instanceof Choice.Endpoint(_, _, var ip) && ip != null
        ? ip.getHostAddress()
        : choice.toString();
  }
}
