package adit.l7;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is told about traffic: a Telemetry object. Immutable. Source: `adit.l7.TelemetryPolicy`.
///
/// @param targets none: all of its namespace
/// @param logging null: not said here
/// @param tracing null: not said here
public record TelemetryPolicy(
    String namespace,
    String name,
    Instant created,
    List<Target> targets,
    List<MetricOverride> metrics,
    @Nullable AccessLogging logging,
    @Nullable Tracing tracing) {
  public TelemetryPolicy {
    targets = List.copyOf(targets);
    metrics = List.copyOf(metrics);
  }

  /// @param metric empty: all
  /// @param tags label to its expression; empty removes the label
  public record MetricOverride(String metric, boolean disabled, Map<String, String> tags) {
    public MetricOverride {
      tags = Map.copyOf(tags);
    }
  }

  /// @param filter CEL, empty for none
  public record AccessLogging(boolean disabled, String filter) {}

  /// @param samplingPercent null: the mesh's
  public record Tracing(
      boolean disabled, @Nullable Double samplingPercent, Map<String, String> customTags) {
    public Tracing {
      customTags = Map.copyOf(customTags);
    }
  }
}
