package adit.source.object;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// An EndpointSlice. Its service is the label `kubernetes.io/service-name`.
///
/// @param meta the metadata
/// @param addressType `IPv4`, `IPv6` or `FQDN`
/// @param endpoints the endpoints
/// @param ports the ports
public record EndpointSlice(
    ObjectMeta meta, String addressType, List<Endpoint> endpoints, List<Port> ports)
    implements KubeObject {
  public EndpointSlice {
    endpoints = List.copyOf(endpoints);
    ports = List.copyOf(ports);
  }

  @Override
  public Kind kind() {
    return Kind.ENDPOINT_SLICE;
  }

  /// The name of the service, or the empty string.
  public String serviceName() {
    return meta.label("kubernetes.io/service-name");
  }

  /// An endpoint.
  ///
  /// @param addresses its addresses
  /// @param ready `conditions.ready`; absent means ready
  /// @param terminating `conditions.terminating`
  /// @param nodeName empty if unknown
  /// @param zone empty if unknown
  /// @param target the object behind it, null if none
  public record Endpoint(
      List<String> addresses,
      boolean ready,
      boolean terminating,
      String nodeName,
      String zone,
      @Nullable Target target) {
    public Endpoint {
      addresses = List.copyOf(addresses);
    }
  }

  /// `targetRef` of an endpoint.
  ///
  /// @param kind e.g. `Pod`
  /// @param namespace its namespace
  /// @param name its name
  /// @param uid empty if not given
  public record Target(String kind, String namespace, String name, String uid) {}

  /// A port of all endpoints.
  ///
  /// @param name the name of the service's port, empty if none
  /// @param protocol `TCP`, `UDP` or `SCTP`
  /// @param number the port at the endpoint, 0 if the slice does not say
  public record Port(String name, String protocol, int number) {}
}
