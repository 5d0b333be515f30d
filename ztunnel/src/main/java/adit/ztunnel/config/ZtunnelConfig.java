package adit.ztunnel.config;

import adit.proxy.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Everything the process was told, checked. Grouped by what it configures; names in the
/// documentation are those of the environment variables.
///
/// @param metadata `ISTIO_META_*` and the mesh configuration's `proxyMetadata`, prefix removed
/// @param jsonMetadata `ISTIO_METAJSON_*` as JSON text, prefix removed
/// @param workers event loops that carry traffic
public record ZtunnelConfig(
    Self self,
    Control control,
    Sockets sockets,
    Http2 http2,
    Ports ports,
    Lifecycle lifecycle,
    Features features,
    Budgets budgets,
    SortedMap<String, String> metadata,
    SortedMap<String, String> jsonMetadata,
    int workers) {

  /// The same with other ports for operators.
  public ZtunnelConfig withPorts(Ports other) {
    return new ZtunnelConfig(
        self,
        control,
        sockets,
        http2,
        other,
        lifecycle,
        features,
        budgets,
        metadata,
        jsonMetadata,
        workers);
  }

  /// Who and where this process is.
  ///
  /// @param node `NODE_NAME`; null makes every workload count as local
  /// @param trustDomain `TRUST_DOMAIN`, of the process's own identity only
  public record Self(
      @Nullable String podName,
      @Nullable String podNamespace,
      @Nullable String serviceAccount,
      @Nullable String node,
      String network,
      String trustDomain,
      String clusterId,
      String instanceIp) {
    /// Whether the process can stand as a workload of its own (its self listener, its node id).
    public boolean isWorkload() {
      return podName != null && podNamespace != null && serviceAccount != null;
    }
  }

  /// Where configuration and certificates come from.
  ///
  /// @param token a file or a literal; null for none
  /// @param localFile `LOCAL_XDS_PATH`
  /// @param localText `LOCAL_XDS`
  /// @param zdsSocket where the node agent listens
  public record Control(
      Endpoint xds,
      Endpoint ca,
      @Nullable String token,
      Duration certificateLifetime,
      @Nullable Path localFile,
      @Nullable String localText,
      Path zdsSocket) {}

  /// Options of TCP sockets in pods' namespaces.
  ///
  /// @param mark SO_MARK of every socket; the capture rules let it pass
  /// @param keepalive null when off
  /// @param spoofSource `ENABLE_ORIG_SRC`: true = fail when not permitted, false = never, null =
  ///   when permitted
  public record Sockets(
      int mark,
      @Nullable Keepalive keepalive,
      boolean userTimeout,
      @Nullable Boolean spoofSource,
      boolean reusePort,
      boolean ipv6) {}

  public record Keepalive(Duration time, Duration interval, int retries) {
    /// After how long a dead peer is given up; also TCP_USER_TIMEOUT.
    public Duration patience() {
      return time.plus(interval.multipliedBy(retries));
    }
  }

  /// Sizes in bytes.
  public record Http2(
      int streamWindow,
      int connectionWindow,
      int frameSize,
      int streamsPerConnection,
      Duration unusedRelease) {}

  public record Ports(int admin, int metrics, int readiness) {}

  /// @param drainDeadline how long connections may go on after a signal to end
  /// @param successorWait how much of that a pod's listeners may stay open for want of a successor
  /// @param agentGrace how long the node agent may be away before the proxy is not ready
  public record Lifecycle(Duration drainDeadline, Duration successorWait, Duration agentGrace) {}

  /// @param responseBaggage whether an accepted CONNECT is answered with our workload's baggage
  /// @param logPolicies whether policy decisions are logged at info
  /// @param localApplicationTunnel whether an application that reads PROXY headers is reached by
  ///   its loopback address (`LOCALHOST_APP_TUNNEL`)
  /// @param missingPolicyGrace how long the last effective policies stand in for one that a
  ///   workload names and that is not here (`ADIT_MISSING_POLICY_GRACE`)
  public record Features(
      boolean responseBaggage,
      boolean logPolicies,
      boolean localApplicationTunnel,
      Duration missingPolicyGrace) {}

  /// Bounds of what peers can make the process hold. All of them `ADIT_*`.
  ///
  /// @param connections accepted connections at one time over all pods
  /// @param handshakes TLS handshakes in flight
  /// @param spareDescriptors descriptors that are never given to connections
  /// @param handshakeTimeout TLS, HTTP/2 settings and the CONNECT answer, each
  /// @param firstRequestTimeout from a finished handshake on 15008 to the first request
  public record Budgets(
      int connections,
      int handshakes,
      int spareDescriptors,
      Duration handshakeTimeout,
      Duration firstRequestTimeout) {}
}
