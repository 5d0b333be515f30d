package adit.model;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Something with an address that can be dialled: a pod, mostly. Immutable.
///
/// Source: `istio.workload.Workload`, with the proxy's defaults applied (trust domain
/// `cluster.local`, service account `default`, cluster `Kubernetes`, capacity 1).
///
/// @param uid key: `<cluster>//Pod/<namespace>/<name>`
/// @param identity what its certificate says
/// @param canonical what telemetry calls it
/// @param placement where it runs
/// @param addresses in the order of the pod's status; empty if only `hostname` is known
/// @param hostname name to resolve when there is no address, else empty
/// @param reach how it is reached
/// @param services the services that it backs, with its own target ports
/// @param authorizationPolicies keys (`namespace/name`) of the policies that select it
/// @param capacity weight in balancing
public record Workload(
    String uid,
    String name,
    SpiffeId identity,
    Canonical canonical,
    Placement placement,
    List<InetAddress> addresses,
    String hostname,
    Reach reach,
    Map<NamespacedHostname, PortMap> services,
    List<String> authorizationPolicies,
    boolean healthy,
    int capacity) {

  /// Names of telemetry.
  ///
  /// @param workloadName Deployment or the like
  /// @param workloadType lower case: `deployment`, `cronjob`, `pod`, `job`
  /// @param name canonical service
  /// @param revision canonical revision
  public record Canonical(String workloadName, String workloadType, String name, String revision) {
    /// Nothing known.
    public static final Canonical NONE = new Canonical("", "deployment", "", "");
  }

  /// Where a workload runs.
  ///
  /// @param node empty if unknown
  public record Placement(String network, String clusterId, String node, Locality locality) {}

  /// How a workload is reached.
  ///
  /// @param protocol HBONE if its node's proxy serves it
  /// @param hostNetwork shares the node's addresses, so an address does not mean this workload
  /// @param nativeTunnel speaks HBONE by itself
  /// @param waypoint for traffic to its own address
  /// @param networkGateway the way in from other networks
  /// @param applicationTunnel how the application wants inbound connections
  public record Reach(
      TunnelProtocol protocol,
      boolean hostNetwork,
      boolean nativeTunnel,
      @Nullable GatewayAddress waypoint,
      @Nullable GatewayAddress networkGateway,
      @Nullable ApplicationTunnel applicationTunnel) {
    /// Plain TCP, nothing special.
    public static final Reach PLAIN =
        new Reach(TunnelProtocol.NONE, false, false, null, null, null);

    /// HBONE, nothing special.
    public static final Reach HBONE =
        new Reach(TunnelProtocol.HBONE, false, false, null, null, null);
  }

  /// How bytes travel to a workload.
  public enum TunnelProtocol {
    /// Plain TCP to the target port.
    NONE,
    /// HTTP/2 CONNECT in mutual TLS to port 15008.
    HBONE
  }

  /// How the application receives what came through a tunnel (a sandwiched waypoint).
  ///
  /// @param proxyProtocol prefixed by a PROXY protocol version 2 header
  /// @param port 0: the port that was asked for
  public record ApplicationTunnel(boolean proxyProtocol, int port) {}

  public Workload {
    Objects.requireNonNull(uid);
    addresses = List.copyOf(addresses);
    services = Map.copyOf(services);
    authorizationPolicies = List.copyOf(authorizationPolicies);
  }

  /// Kubernetes namespace.
  public String namespace() {
    return identity.namespace();
  }

  /// Kubernetes service account.
  public String serviceAccount() {
    return identity.serviceAccount();
  }

  /// Network id, empty for the default one.
  public String network() {
    return placement.network();
  }

  /// Node name, empty if unknown.
  public String node() {
    return placement.node();
  }

  /// How bytes travel to it.
  public TunnelProtocol protocol() {
    return reach.protocol();
  }

  /// Whether it shares the node's addresses.
  public boolean hostNetwork() {
    return reach.hostNetwork();
  }
}
