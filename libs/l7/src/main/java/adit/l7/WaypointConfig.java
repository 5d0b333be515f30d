package adit.l7;

import adit.model.NamespacedHostname;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What holds for all traffic of one waypoint. Immutable. Source: `adit.l7.WaypointConfig`.
///
/// @param trustDomains whose clients are let in, the first is the mesh's own
/// @param log null: no access log, unless a Telemetry object asks for one
/// @param logs that Telemetry objects may name
/// @param defaultLogs those that they mean where they name none
/// @param traces where spans may go, by the name that Telemetry objects use
/// @param defaultTraces those that they mean where they name none; the first counts
/// @param samplingPercent of requests that come without a decision
/// @param providers external authorizers by name
/// @param clientIdentity whether backends get `x-forwarded-client-cert`
public record WaypointConfig(
    String namespace,
    String name,
    String gatewayClass,
    String rootNamespace,
    Set<String> trustDomains,
    @Nullable AccessLog log,
    Map<String, AccessLog> logs,
    List<String> defaultLogs,
    Map<String, TraceExport> traces,
    List<String> defaultTraces,
    double samplingPercent,
    Retry defaultRetry,
    Map<String, ExternalAuthorizer> providers,
    boolean clientIdentity) {
  public WaypointConfig {
    trustDomains = Set.copyOf(trustDomains);
    providers = Map.copyOf(providers);
    traces = Map.copyOf(traces);
    defaultTraces = List.copyOf(defaultTraces);
    logs = Map.copyOf(logs);
    defaultLogs = List.copyOf(defaultLogs);
  }

  /// How lines of an access log look.
  public sealed interface AccessLog {
    /// Text.
    record Text(LogFormat format) implements AccessLog {}

    /// An object of JSON for each line.
    ///
    /// @param fields by name, in the order in which they are written
    record Json(Map<String, LogFormat> fields) implements AccessLog {}
  }

  /// Where spans go.
  ///
  /// @param httpPath of OTLP over HTTP; empty: OTLP over gRPC
  public record TraceExport(NamespacedHostname service, int port, String httpPath) {}
}
