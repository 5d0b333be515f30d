package adit.l7;

import adit.model.NamespacedHostname;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What holds for all traffic of one waypoint. Immutable. Source: `adit.l7.WaypointConfig`.
///
/// @param trustDomains whose clients are let in, the first is the mesh's own
/// @param log null: no access log
/// @param tracing null: no traces
/// @param providers external authorizers by name
/// @param clientIdentity whether backends get `x-forwarded-client-cert`
public record WaypointConfig(
    String namespace,
    String name,
    String gatewayClass,
    String rootNamespace,
    Set<String> trustDomains,
    @Nullable AccessLog log,
    @Nullable TraceExport tracing,
    Retry defaultRetry,
    Map<String, Provider> providers,
    boolean clientIdentity) {
  public WaypointConfig {
    trustDomains = Set.copyOf(trustDomains);
    providers = Map.copyOf(providers);
  }

  /// @param format empty: the default
  public record AccessLog(boolean json, String format) {}

  public record TraceExport(NamespacedHostname service, int port, double samplingPercent) {}

  /// An external authorizer.
  ///
  /// @param timeout zero: the default
  public record Provider(
      NamespacedHostname service,
      int port,
      boolean grpc,
      Duration timeout,
      boolean failOpen,
      int statusOnError,
      String pathPrefix,
      List<String> includeHeaders,
      List<String> toUpstream,
      List<String> toDownstreamOnDeny,
      int maxBody) {
    public Provider {
      includeHeaders = List.copyOf(includeHeaders);
      toUpstream = List.copyOf(toUpstream);
      toDownstreamOnDeny = List.copyOf(toDownstreamOnDeny);
    }
  }
}
