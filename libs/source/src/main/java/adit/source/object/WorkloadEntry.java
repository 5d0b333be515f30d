package adit.source.object;

import java.util.Map;

/// A WorkloadEntry (networking.istio.io): a workload that is not a pod.
///
/// @param meta the metadata
/// @param endpoint its `spec`
public record WorkloadEntry(ObjectMeta meta, Endpoint endpoint) implements KubeObject {
  @Override
  public Kind kind() {
    return Kind.WORKLOAD_ENTRY;
  }

  /// `spec` of a WorkloadEntry, and an inline endpoint of a ServiceEntry.
  ///
  /// @param address an address or a host name; empty only with a network
  /// @param ports port number at the endpoint by the service port's name
  /// @param labels labels
  /// @param network the network, empty for the cluster's own
  /// @param locality `region/zone/subzone`, empty if unknown
  /// @param weight 0 if not given
  /// @param serviceAccount empty if none
  public record Endpoint(
      String address,
      Map<String, Integer> ports,
      Map<String, String> labels,
      String network,
      String locality,
      int weight,
      String serviceAccount) {
    public Endpoint {
      ports = Map.copyOf(ports);
      labels = Map.copyOf(labels);
    }
  }
}
