package adit.l7;

import adit.l7.TelemetryPolicy.AccessLogging;
import adit.l7.TelemetryPolicy.CustomTag;
import adit.l7.TelemetryPolicy.MetricOverride;
import adit.l7.TelemetryPolicy.Tracing;
import adit.l7.WaypointConfig.AccessLog;
import adit.l7.WaypointConfig.TraceExport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is told about the traffic to one service, all its Telemetry objects taken together.
/// Immutable.
///
/// @param logs a line for each request in each of them
/// @param metrics by name, only those that are not as they always are
/// @param traced null: no traces
public record Telling(List<Logged> logs, Map<String, Metric> metrics, @Nullable Traced traced) {
  public Telling {
    logs = List.copyOf(logs);
    metrics = Map.copyOf(metrics);
  }

  /// Whether the end of a request is told as it always is: every metric, no access log.
  public boolean isPlain() {
    return logs.isEmpty() && metrics.isEmpty();
  }

  /// An access log.
  ///
  /// @param filter null: every request
  public record Logged(AccessLog log, @Nullable Expression filter) {}

  /// How requests are traced.
  ///
  /// @param export where spans go
  /// @param reported whether they do
  /// @param samplingPercent of requests that come without a decision
  /// @param istioTags whether spans have the tags `istio.*`
  public record Traced(
      TraceExport export,
      boolean reported,
      double samplingPercent,
      boolean istioTags,
      Map<String, CustomTag> customTags) {
    public Traced {
      customTags = Map.copyOf(customTags);
    }
  }

  /// How a metric differs.
  ///
  /// @param tags label to its value, in the order of their names; empty: without the label
  public record Metric(boolean disabled, Map<String, Optional<Expression>> tags) {}

  /// The names that an override of all metrics means.
  private static final List<String> METRICS =
      List.of(
          "istio_requests_total",
          "istio_request_duration_milliseconds",
          "istio_request_bytes",
          "istio_response_bytes",
          "istio_request_messages_total",
          "istio_response_messages_total",
          "istio_tcp_connections_opened_total",
          "istio_tcp_connections_closed_total",
          "istio_tcp_sent_bytes_total",
          "istio_tcp_received_bytes_total");

  /// Merges objects.
  ///
  /// @param config null: nothing was said yet
  /// @param policies from the widest to the narrowest
  public static Telling of(@Nullable WaypointConfig config, List<TelemetryPolicy> policies) {
    List<AccessLogging> logging =
        policies.stream().flatMap(policy -> policy.logging().stream()).toList();
    return new Telling(
        config == null ? List.of() : logs(config, logging),
        metrics(policies.stream().flatMap(policy -> policy.metrics().stream()).toList()),
        config == null ? null : tracedOrNull(config, policies));
  }

  private static @Nullable Traced tracedOrNull(
      WaypointConfig config, List<TelemetryPolicy> policies) {
    List<String> providers = config.defaultTraces();
    boolean disabled = false;
    boolean istioTags = true;
    double sampling = config.samplingPercent();
    Map<String, CustomTag> tags = Map.of();
    for (TelemetryPolicy policy : policies) {
      Tracing said = policy.tracing();
      if (said != null) {
        providers = said.providers().isEmpty() ? providers : said.providers();
        disabled = said.disabled() == null ? disabled : said.disabled();
        istioTags = said.istioTags() == null ? istioTags : said.istioTags();
        sampling = said.samplingPercent() == null ? sampling : said.samplingPercent();
        tags = said.customTags().isEmpty() ? tags : said.customTags();
      }
    }
    TraceExport export = providers.isEmpty() ? null : config.traces().get(providers.getFirst());
    return export == null ? null : new Traced(export, !disabled, sampling, istioTags, tags);
  }

  /// As the reference: a provider that the last list does not name is out, whatever came before.
  private static List<Logged> logs(WaypointConfig config, List<AccessLogging> logging) {
    List<String> standard = config.defaultLogs();
    if (logging.isEmpty() && standard.isEmpty()) {
      return config.log() == null ? List.of() : List.of(new Logged(config.log(), null));
    }
    List<String> last = standard;
    for (AccessLogging one : logging) {
      last = one.providers().isEmpty() ? last : one.providers();
    }
    Map<String, Logged> chosen = new LinkedHashMap<>();
    if (logging.isEmpty()) {
      last.forEach(name -> put(config, name, null, chosen));
    }
    List<String> current = standard;
    for (AccessLogging one : logging) {
      current = one.providers().isEmpty() ? current : one.providers();
      for (String name : current) {
        if (one.disabled()) {
          chosen.remove(name);
        } else if (last.contains(name)) {
          put(config, name, one.filter(), chosen);
        }
      }
    }
    return List.copyOf(chosen.values());
  }

  private static void put(
      WaypointConfig config, String name, @Nullable Expression filter, Map<String, Logged> chosen) {
    AccessLog log = config.logs().get(name);
    if (log != null) {
      chosen.put(name, new Logged(log, filter));
    }
  }

  private static Map<String, Metric> metrics(List<MetricOverride> overrides) {
    Map<String, Boolean> disabled = new HashMap<>();
    Map<String, Map<String, Optional<Expression>>> tags = new HashMap<>();
    for (MetricOverride one : overrides) {
      for (String name : one.metric().isEmpty() ? METRICS : List.of(one.metric())) {
        if (one.disabled() != null) {
          disabled.put(name, one.disabled());
        }
        tags.computeIfAbsent(name, _ -> new TreeMap<>()).putAll(one.tags());
      }
    }
    Map<String, Metric> metrics = new HashMap<>();
    for (var one : new ArrayList<>(tags.entrySet())) {
      boolean off = disabled.getOrDefault(one.getKey(), false);
      if (off || !one.getValue().isEmpty()) {
        metrics.put(one.getKey(), new Metric(off, one.getValue()));
      }
    }
    return metrics;
  }
}
