package adit.model;

import java.util.List;

/// What one step of the control plane changes; applied as a whole.
///
/// @param removedAddresses names of workloads (uid) or services (`namespace/hostname`)
/// @param removedPolicies keys of policies
public record MeshChange(
    List<Workload> workloads,
    List<Service> services,
    List<Policy> policies,
    List<String> removedAddresses,
    List<String> removedPolicies) {
  public MeshChange {
    workloads = List.copyOf(workloads);
    services = List.copyOf(services);
    policies = List.copyOf(policies);
    removedAddresses = List.copyOf(removedAddresses);
    removedPolicies = List.copyOf(removedPolicies);
  }

  /// Workloads and services that are new or changed, and names that are gone.
  public static MeshChange ofAddresses(
      List<Workload> workloads, List<Service> services, List<String> removed) {
    return new MeshChange(workloads, services, List.of(), removed, List.of());
  }

  /// Policies that are new or changed, and keys that are gone.
  public static MeshChange ofPolicies(List<Policy> policies, List<String> removed) {
    return new MeshChange(List.of(), List.of(), policies, List.of(), removed);
  }

  /// Whether nothing changes.
  public boolean isEmpty() {
    return workloads.isEmpty()
        && services.isEmpty()
        && policies.isEmpty()
        && removedAddresses.isEmpty()
        && removedPolicies.isEmpty();
  }
}
