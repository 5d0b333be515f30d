package adit.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Lookups by network, visibility and range; and that many small changes end where one big one
/// does.
final class MeshViewLookupTest {
  private static Workload workload(
      String uid, String network, String ip, Workload.Reach reach, Set<NamespacedHostname> of) {
    Map<NamespacedHostname, PortMap> services = new HashMap<>();
    of.forEach(key -> services.put(key, new PortMap(Map.of(80, 8080))));
    return new Workload(
        uid,
        uid.substring(uid.lastIndexOf('/') + 1),
        new SpiffeId("td", "ns", "sa"),
        Workload.Canonical.NONE,
        new Workload.Placement(network, "c", "n", Locality.UNKNOWN),
        List.of(InetAddress.ofLiteral(ip)),
        "",
        reach,
        services,
        List.of(),
        true,
        1);
  }

  private static Service service(
      String namespace, String vip, boolean canonical, boolean hidden, Service.CidrVip... ranges) {
    return new Service(
        namespace,
        new NamespacedHostname(namespace, "host.example"),
        vip.isEmpty() ? List.of() : List.of(at("", vip)),
        List.of(ranges),
        new PortMap(Map.of(80, 8080)),
        List.of(),
        Service.Waypoints.NONE,
        LoadBalancing.DEFAULT,
        Service.IpFamilies.AUTOMATIC,
        canonical,
        hidden);
  }

  private static Service.CidrVip range(String network, String base, int length) {
    return new Service.CidrVip(network, new Cidr(InetAddress.ofLiteral(base), length));
  }

  private static NetworkAddress at(String network, String ip) {
    return new NetworkAddress(network, InetAddress.ofLiteral(ip));
  }

  private static MeshView of(List<Workload> workloads, Service... services) {
    return MeshView.empty().with(MeshChange.ofAddresses(workloads, List.of(services), List.of()));
  }

  private static @Nullable String namespaceOf(@Nullable Service service) {
    return service == null ? null : service.namespace();
  }

  @Test
  void address_belongsToItsNetwork() {
    MeshView view =
        of(
            List.of(
                workload("c//Pod/ns/a", "n1", "10.0.0.1", Workload.Reach.HBONE, Set.of()),
                workload("c//Pod/ns/b", "n2", "10.0.0.1", Workload.Reach.HBONE, Set.of())));
    assertThat(view.workloadByIp(at("n1", "10.0.0.1"))).extracting("name").isEqualTo("a");
    assertThat(view.workloadByIp(at("n2", "10.0.0.1"))).extracting("name").isEqualTo("b");
    assertThat(view.workloadByIp(at("", "10.0.0.1"))).isNull();
  }

  @Test
  void hostNetworkWorkload_isNotFoundByAddress_butIsAnEndpoint() {
    var hostNetwork =
        new Workload.Reach(Workload.TunnelProtocol.NONE, true, false, null, null, null);
    Service service = service("ns", "10.96.0.1", true, false);
    MeshView view =
        of(
            List.of(workload("c//Pod/ns/h", "", "10.0.0.1", hostNetwork, Set.of(service.key()))),
            service);
    assertThat(view.workloadByIp(at("", "10.0.0.1"))).isNull();
    assertThat(view.endpoints(service).all()).hasSize(1);
  }

  @Test
  void podWithoutHbone_winsOverHboneThatIsNoPod_andAmongPodsHboneWins() {
    Workload entry =
        workload(
            "c/networking.istio.io/WorkloadEntry/ns/e",
            "",
            "10.0.0.1",
            Workload.Reach.HBONE,
            Set.of());
    Workload plain = workload("c//Pod/ns/plain", "", "10.0.0.1", Workload.Reach.PLAIN, Set.of());
    Workload hbone = workload("c//Pod/ns/hbone", "", "10.0.0.1", Workload.Reach.HBONE, Set.of());
    assertThat(of(List.of(entry, plain)).workloadByIp(at("", "10.0.0.1"))).isEqualTo(plain);
    assertThat(of(List.of(hbone, plain, entry)).workloadByIp(at("", "10.0.0.1"))).isEqualTo(hbone);
  }

  @Test
  void hostname_followsNamespaceThenCanonicalThenFirst_andVisibility() {
    MeshView view =
        of(
            List.of(),
            service("first", "", false, false),
            service("canonical", "", true, false),
            service("hidden", "", true, true));
    assertThat(namespaceOf(view.serviceByHostname("host.example", "first"))).isEqualTo("first");
    assertThat(namespaceOf(view.serviceByHostname("host.example", "x"))).isEqualTo("canonical");
    assertThat(namespaceOf(view.serviceByHostname("host.example", "hidden"))).isEqualTo("hidden");
    assertThat(view.serviceByHostname("other.example", "x")).isNull();
    MeshView without =
        view.with(MeshChange.ofAddresses(List.of(), List.of(), List.of("canonical/host.example")));
    assertThat(namespaceOf(without.serviceByHostname("host.example", "x"))).isEqualTo("first");
  }

  @Test
  void exactAddressThatIsHidden_fallsThroughToAVisibleRange() {
    MeshView view =
        of(
            List.of(),
            service("hidden", "10.1.2.3", true, true),
            service("wide", "", true, false, range("", "10.1.0.0", 16)));
    assertThat(namespaceOf(view.serviceByVip(at("", "10.1.2.3"), "x"))).isEqualTo("wide");
    assertThat(namespaceOf(view.serviceByVip(at("", "10.1.2.3"), "hidden"))).isEqualTo("hidden");
  }

  @Test
  void ranges_preferTheClientsNamespace_thenLength_andKeepNetworkAndFamilyApart() {
    MeshView view =
        of(
            List.of(),
            service("mine", "", false, false, range("", "10.0.0.0", 8)),
            service("long", "", false, false, range("", "10.1.2.0", 24)),
            service("net", "", true, false, range("n2", "10.1.2.0", 28)),
            service("six", "", true, false, range("", "fd00::", 64)));
    assertThat(namespaceOf(view.serviceByVip(at("", "10.1.2.3"), "mine"))).isEqualTo("mine");
    assertThat(namespaceOf(view.serviceByVip(at("", "10.1.2.3"), "x"))).isEqualTo("long");
    assertThat(namespaceOf(view.serviceByVip(at("n2", "10.1.2.3"), "x"))).isEqualTo("net");
    assertThat(namespaceOf(view.serviceByVip(at("", "fd00::9"), "x"))).isEqualTo("six");
    assertThat(view.serviceByVip(at("", "fd01::9"), "x")).isNull();
    assertThat(view.serviceByVip(at("n3", "10.1.2.3"), "x")).isNull();
  }

  @Test
  void serviceThatIsReplaced_keepsItsEndpoints_andLosesItsOldAddress() {
    Service before = service("ns", "10.96.0.1", true, false);
    Service after = service("ns", "10.96.0.2", true, false);
    MeshView view =
        of(
                List.of(
                    workload(
                        "c//Pod/ns/a", "", "10.0.0.1", Workload.Reach.HBONE, Set.of(before.key()))),
                before)
            .with(MeshChange.ofAddresses(List.of(), List.of(after), List.of()));
    assertThat(view.endpoints(after).all()).hasSize(1);
    assertThat(view.serviceByVip(at("", "10.96.0.1"), "ns")).isNull();
    assertThat(view.serviceByVip(at("", "10.96.0.2"), "ns")).isEqualTo(after);
  }

  @Test
  void serviceThatGoesAndComesBack_findsItsEndpointsAgain() {
    Service service = service("ns", "10.96.0.1", true, false);
    MeshView gone =
        of(
                List.of(
                    workload(
                        "c//Pod/ns/a",
                        "",
                        "10.0.0.1",
                        Workload.Reach.HBONE,
                        Set.of(service.key()))),
                service)
            .with(MeshChange.ofAddresses(List.of(), List.of(), List.of("ns/host.example")));
    assertThat(gone.serviceByVip(at("", "10.96.0.1"), "ns")).isNull();
    assertThat(gone.servicesWithStagedEndpoints()).containsExactly(service.key());
    MeshView back = gone.with(MeshChange.ofAddresses(List.of(), List.of(service), List.of()));
    assertThat(back.endpoints(service).all()).hasSize(1);
  }

  @Test
  void nameThatIsUpdatedAndRemovedInOneChange_isGone() {
    Service service = service("ns", "10.96.0.1", true, false);
    Workload pod =
        workload("c//Pod/ns/a", "", "10.0.0.1", Workload.Reach.HBONE, Set.of(service.key()));
    MeshView view =
        MeshView.empty()
            .with(
                MeshChange.ofAddresses(
                    List.of(pod), List.of(service), List.of(pod.uid(), "ns/host.example")));
    assertThat(view.workloads()).isEmpty();
    assertThat(view.services()).isEmpty();
    assertThat(view.servicesWithStagedEndpoints()).isEmpty();
  }

  @Test
  void versions_grow_andAnEmptyChangeIsNone() {
    MeshView view = of(List.of());
    assertThat(view.version()).isZero();
    assertThat(of(List.of(), service("ns", "", true, false)).version()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void manySmallChanges_endWhereOneBigOneDoes(long seed) {
    Random random = new Random(seed);
    Map<String, Workload> workloads = new HashMap<>();
    Map<NamespacedHostname, Service> services = new HashMap<>();
    MeshView view = MeshView.empty();
    for (int step = 0; step < 500; step++) {
      MeshChange change = change(random);
      change.workloads().forEach(one -> workloads.put(one.uid(), one));
      change.services().forEach(one -> services.put(one.key(), one));
      change.removedAddresses().forEach(workloads::remove);
      change
          .removedAddresses()
          .forEach(name -> services.keySet().removeIf(key -> key.toString().equals(name)));
      view = view.with(change);
    }
    MeshView whole =
        MeshView.empty()
            .with(
                MeshChange.ofAddresses(
                    List.copyOf(workloads.values()), List.copyOf(services.values()), List.of()));
    assertThat(view.workloads()).containsExactlyInAnyOrderElementsOf(whole.workloads());
    assertThat(view.services()).containsExactlyInAnyOrderElementsOf(whole.services());
    assertThat(new HashSet<>(view.servicesWithStagedEndpoints()))
        .isEqualTo(new HashSet<>(whole.servicesWithStagedEndpoints()));
    for (int i = 0; i < 4; i++) {
      NamespacedHostname key = new NamespacedHostname("ns" + i, "host.example");
      assertThat(view.stagedEndpoints(key).all())
          .containsExactlyInAnyOrderElementsOf(whole.stagedEndpoints(key).all());
    }
    for (Workload workload : workloads.values()) {
      NetworkAddress address =
          new NetworkAddress(workload.network(), workload.addresses().getFirst());
      Workload owner = Objects.requireNonNull(view.workloadByIp(address));
      assertThat(owner.addresses()).contains(address.ip());
      assertThat(workloads).containsEntry(owner.uid(), owner);
    }
  }

  private static MeshChange change(Random random) {
    List<Workload> changed = new ArrayList<>();
    List<Service> services = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      Set<NamespacedHostname> of = new HashSet<>();
      for (int s = random.nextInt(3); s > 0; s--) {
        of.add(new NamespacedHostname("ns" + random.nextInt(4), "host.example"));
      }
      changed.add(
          workload(
              "c//Pod/ns/" + random.nextInt(10),
              "",
              "10.0.0." + random.nextInt(6),
              Workload.Reach.HBONE,
              of));
    }
    if (random.nextInt(4) == 0) {
      services.add(service("ns" + random.nextInt(4), "10.96.0." + random.nextInt(3), true, false));
    }
    if (random.nextInt(3) == 0) {
      removed.add("c//Pod/ns/" + random.nextInt(10));
    }
    if (random.nextInt(6) == 0) {
      removed.add("ns" + random.nextInt(4) + "/host.example");
    }
    return MeshChange.ofAddresses(changed, services, removed);
  }
}
