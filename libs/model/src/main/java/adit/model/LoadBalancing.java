package adit.model;

import java.util.List;

/// Which endpoints of a service may be chosen. Source: `istio.workload.LoadBalancing`.
///
/// @param preferences in order of weight
public record LoadBalancing(List<Scope> preferences, Mode mode, HealthPolicy healthPolicy) {
  /// Every healthy endpoint.
  public static final LoadBalancing DEFAULT =
      new LoadBalancing(List.of(), Mode.ANY, HealthPolicy.ONLY_HEALTHY);

  public LoadBalancing {
    preferences = List.copyOf(preferences);
  }

  /// What source and endpoint have in common.
  public enum Scope {
    REGION,
    ZONE,
    SUBZONE,
    NODE,
    CLUSTER,
    NETWORK
  }

  /// What the preferences mean.
  public enum Mode {
    /// Nothing: all endpoints alike (`UNSPECIFIED_MODE`).
    ANY,
    /// Only endpoints that match every preference.
    STRICT,
    /// The endpoints that match the longest prefix of the preferences.
    FAILOVER,
    /// No choice: the address that was dialled.
    PASSTHROUGH
  }

  /// Whether unhealthy endpoints count.
  public enum HealthPolicy {
    ONLY_HEALTHY,
    ALLOW_ALL
  }
}
