package adit.model;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Everything that the control plane has said, as one immutable snapshot.
///
/// A change makes a new view that shares almost everything with the old one, so that readers on any
/// thread work with a whole and consistent state by one volatile read. Lookups allocate little and
/// never block.
public final class MeshView {
  private static final MeshView EMPTY =
      new MeshView(0, WorkloadIndex.EMPTY, ServiceIndex.EMPTY, PolicyIndex.EMPTY);

  private final long version;
  private final WorkloadIndex workloads;
  private final ServiceIndex services;
  private final PolicyIndex policies;

  private MeshView(
      long version, WorkloadIndex workloads, ServiceIndex services, PolicyIndex policies) {
    this.version = version;
    this.workloads = workloads;
    this.services = services;
    this.policies = policies;
  }

  /// Nothing known.
  public static MeshView empty() {
    return EMPTY;
  }

  /// Grows by one with each change.
  public long version() {
    return version;
  }

  /// This view with `change` applied: updates first, then removals, endpoints once per service.
  public MeshView with(MeshChange change) {
    if (change.isEmpty()) {
      return this;
    }
    List<String> removedUids = new ArrayList<>();
    List<NamespacedHostname> removedServices = new ArrayList<>();
    for (String name : change.removedAddresses()) {
      // The wire does not say which of the two a name is; a uid has more than one slash.
      removedUids.add(name);
      NamespacedHostname key = NamespacedHostname.parseOrNull(name);
      if (key != null) {
        removedServices.add(key);
      }
    }
    WorkloadIndex nextWorkloads = workloads.with(change.workloads(), removedUids);
    ServiceIndex nextServices =
        services
            .withServices(change.services(), removedServices)
            .withEndpoints(EndpointChange.between(workloads, change.workloads(), removedUids));
    PolicyIndex nextPolicies = policies.with(change.policies(), change.removedPolicies());
    return new MeshView(version + 1, nextWorkloads, nextServices, nextPolicies);
  }

  /// The workload that owns `address`, or null. Of several, pods win, then those that speak HBONE.
  /// Host-network workloads own no address.
  public @Nullable Workload workloadByIp(NetworkAddress address) {
    return workloads.byAddressOrNull(address);
  }

  /// The workload with this key, or null.
  public @Nullable Workload workloadByUid(String uid) {
    return workloads.byUidOrNull(uid);
  }

  /// The workload of a pod of this node, or null.
  ///
  /// @param node empty: any node counts as this one
  public @Nullable Workload localWorkload(
      String name, String namespace, String serviceAccount, String node) {
    for (Workload workload : workloads.named(namespace, name)) {
      if (workload.serviceAccount().equals(serviceAccount)
          && (node.isEmpty() || workload.node().equals(node))) {
        return workload;
      }
    }
    return null;
  }

  /// The service that owns `address` for clients of `clientNamespace`, or null: an exact address
  /// first, then the best range.
  public @Nullable Service serviceByVip(NetworkAddress address, String clientNamespace) {
    return services.byVipOrNull(address, clientNamespace);
  }

  /// The service of this hostname as clients of `clientNamespace` see it, or null.
  public @Nullable Service serviceByHostname(String hostname, String clientNamespace) {
    return services.byHostnameOrNull(hostname, clientNamespace);
  }

  /// The service with this key, or null.
  public @Nullable Service service(NamespacedHostname key) {
    return services.byKeyOrNull(key);
  }

  /// The endpoints of a service, healthy or not.
  public EndpointSet endpoints(Service service) {
    return services.endpoints(service.key());
  }

  /// The policies that select `workload`: global ones, those of its namespace, those it lists.
  public List<Policy> policiesFor(Workload workload) {
    return policies.selecting(workload);
  }

  /// The policies of [#policiesFor(Workload)] that may match a connection with these properties,
  /// found without looking at the others.
  ///
  /// @param source identity from the peer's certificate, null for plaintext
  /// @param sourceIp canonical, as `destinationIp` is: never IPv4 mapped into IPv6
  public PolicyCandidates candidatesFor(
      Workload workload,
      @Nullable SpiffeId source,
      InetAddress sourceIp,
      InetAddress destinationIp,
      int destinationPort) {
    return policies.candidates(
        workload, Trait.of(source, sourceIp, destinationIp, destinationPort));
  }

  /// The policies that `workload` lists and that are not here (yet).
  public List<String> missingPolicies(Workload workload) {
    return workload.authorizationPolicies().stream()
        .filter(key -> policies.byKeyOrNull(key) == null)
        .toList();
  }

  /// The policy with this key, or null.
  public @Nullable Policy policy(String key) {
    return policies.byKeyOrNull(key);
  }

  /// All workloads, in no order.
  public Collection<Workload> workloads() {
    return workloads.all();
  }

  /// All services, in no order.
  public Collection<Service> services() {
    return services.all();
  }

  /// Endpoints that are known for services that are not: `namespace/hostname` keys.
  public Collection<NamespacedHostname> servicesWithStagedEndpoints() {
    return services.staged();
  }

  /// The endpoints staged for a service that is not known.
  public EndpointSet stagedEndpoints(NamespacedHostname key) {
    return services.endpoints(key);
  }

  /// All policies, in no order.
  public Collection<Policy> policies() {
    return policies.all();
  }

  /// Convenience of {@link #workloadByIp(NetworkAddress)}.
  public @Nullable Workload workloadByIp(String network, InetAddress ip) {
    return workloadByIp(new NetworkAddress(network, ip));
  }
}
