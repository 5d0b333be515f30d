package adit.source.object;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A ServiceEntry (networking.istio.io).
///
/// @param meta the metadata
/// @param hosts names
/// @param addresses addresses and CIDRs, text as written
/// @param ports the ports
/// @param location where its endpoints are
/// @param resolution how its endpoints are found
/// @param endpoints endpoints written inline
/// @param workloadSelector labels of pods and workload entries, null if none
/// @param subjectAltNames identities that its endpoints may have
/// @param exportTo namespaces that see it
/// @param allocated `status.addresses`
public record ServiceEntry(
    ObjectMeta meta,
    List<String> hosts,
    List<String> addresses,
    List<Port> ports,
    Location location,
    Resolution resolution,
    List<WorkloadEntry.Endpoint> endpoints,
    @Nullable Map<String, String> workloadSelector,
    List<String> subjectAltNames,
    List<String> exportTo,
    List<Allocated> allocated)
    implements KubeObject {
  public ServiceEntry {
    hosts = List.copyOf(hosts);
    addresses = List.copyOf(addresses);
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
    workloadSelector = workloadSelector == null ? null : Map.copyOf(workloadSelector);
    subjectAltNames = List.copyOf(subjectAltNames);
    exportTo = List.copyOf(exportTo);
    allocated = List.copyOf(allocated);
  }

  @Override
  public Kind kind() {
    return Kind.SERVICE_ENTRY;
  }

  /// `location`.
  public enum Location {
    MESH_EXTERNAL,
    MESH_INTERNAL
  }

  /// `resolution`.
  public enum Resolution {
    NONE,
    STATIC,
    DNS,
    DNS_ROUND_ROBIN,
    DYNAMIC_DNS
  }

  /// A port.
  ///
  /// @param number `1..65535`
  /// @param name the name
  /// @param protocol e.g. `HTTP`, `TCP`, `TLS`, empty if none
  /// @param targetPort the port at the endpoint, 0 if the same
  public record Port(int number, String name, String protocol, int targetPort) {}

  /// An address given to a host by the control plane.
  ///
  /// @param address the address
  /// @param host the host
  public record Allocated(String address, String host) {}
}
