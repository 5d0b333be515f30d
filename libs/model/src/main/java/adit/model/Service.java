package adit.model;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A name and its addresses, backed by workloads. Immutable. Source: `istio.workload.Service`.
///
/// @param name name of the Kubernetes object
/// @param key namespace and hostname
/// @param vips single addresses
/// @param cidrVips ranges of addresses
/// @param ports service port to target port; 0 for a named target
/// @param subjectAltNames identities accepted besides that of the chosen workload
/// @param waypoints where its traffic goes first
/// @param canonical the mesh-wide owner of the hostname
/// @param namespaceOnly visible in its own namespace only
public record Service(
    String name,
    NamespacedHostname key,
    List<NetworkAddress> vips,
    List<CidrVip> cidrVips,
    PortMap ports,
    List<String> subjectAltNames,
    Waypoints waypoints,
    LoadBalancing loadBalancing,
    IpFamilies ipFamilies,
    boolean canonical,
    boolean namespaceOnly) {

  /// A range of addresses of a service in a network.
  public record CidrVip(String network, Cidr cidr) {}

  /// One waypoint, or several by weight (which then take precedence).
  public record Waypoints(@Nullable GatewayAddress single, List<Weighted> weighted) {
    /// None.
    public static final Waypoints NONE = new Waypoints(null, List.of());

    public Waypoints {
      weighted = List.copyOf(weighted);
    }

    /// @param weight share of the connections, relative to the others' sum
    public record Weighted(GatewayAddress destination, int weight) {}
  }

  /// Which address families clients may use.
  public enum IpFamilies {
    AUTOMATIC,
    IPV4_ONLY,
    IPV6_ONLY,
    DUAL
  }

  public Service {
    Objects.requireNonNull(key);
    vips = List.copyOf(vips);
    cidrVips = List.copyOf(cidrVips);
    subjectAltNames = List.copyOf(subjectAltNames);
  }

  /// Kubernetes namespace.
  public String namespace() {
    return key.namespace();
  }

  /// Fully qualified name.
  public String hostname() {
    return key.hostname();
  }

  /// Whether clients of `clientNamespace` may see it.
  public boolean visibleTo(String clientNamespace) {
    return !namespaceOnly || key.namespace().equals(clientNamespace);
  }
}
