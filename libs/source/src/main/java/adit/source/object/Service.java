package adit.source.object;

import java.util.List;
import java.util.Map;

/// A Service.
///
/// @param meta the metadata
/// @param type `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`
/// @param clusterAddresses `clusterIPs` in order (`clusterIP` if only that is there), without
///   `None`; text as written
/// @param headless whether `clusterIP` is `None`
/// @param ports the ports
/// @param selector labels of its pods, empty if endpoints are written by somebody else
/// @param ipFamilies `IPv4`, `IPv6`
/// @param traffic how traffic is spread
public record Service(
    ObjectMeta meta,
    String type,
    List<String> clusterAddresses,
    boolean headless,
    List<Port> ports,
    Map<String, String> selector,
    List<String> ipFamilies,
    Traffic traffic)
    implements KubeObject {
  public Service {
    clusterAddresses = List.copyOf(clusterAddresses);
    ports = List.copyOf(ports);
    selector = Map.copyOf(selector);
    ipFamilies = List.copyOf(ipFamilies);
  }

  @Override
  public Kind kind() {
    return Kind.SERVICE;
  }

  /// A port of a service.
  ///
  /// @param name empty if none
  /// @param protocol `TCP`, `UDP` or `SCTP`
  /// @param number `1..65535`
  /// @param target where it leads in the pod; the same number by default
  /// @param appProtocol empty if none
  public record Port(
      String name, String protocol, int number, PortRef target, String appProtocol) {}

  /// How traffic is spread over endpoints.
  ///
  /// @param internalPolicy `internalTrafficPolicy`: `Cluster`, `Local` or empty
  /// @param distribution `trafficDistribution`, empty if none
  /// @param publishNotReady `publishNotReadyAddresses`
  public record Traffic(String internalPolicy, String distribution, boolean publishNotReady) {}
}
