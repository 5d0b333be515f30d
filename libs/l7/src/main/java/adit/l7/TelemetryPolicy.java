package adit.l7;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is told about traffic: a Telemetry object. Immutable. Source: `adit.l7.TelemetryPolicy`.
///
/// @param targets none: all of its namespace
/// @param metrics in order, the later wins
/// @param logging in order, the later wins
/// @param tracing null: not said here
public record TelemetryPolicy(
    String namespace,
    String name,
    Instant created,
    List<Target> targets,
    List<MetricOverride> metrics,
    List<AccessLogging> logging,
    @Nullable Tracing tracing) {
  public TelemetryPolicy {
    targets = List.copyOf(targets);
    metrics = List.copyOf(metrics);
    logging = List.copyOf(logging);
  }

  /// The resource name.
  public String key() {
    return namespace + "/" + name;
  }

  /// @param metric empty: all
  /// @param disabled null: not said here
  /// @param tags label to its value; empty removes the label
  public record MetricOverride(
      String metric, @Nullable Boolean disabled, Map<String, Optional<Expression>> tags) {
    public MetricOverride {
      tags = Map.copyOf(tags);
    }
  }

  /// @param filter null: every request
  /// @param providers none: those of the entry before
  public record AccessLogging(
      boolean disabled, @Nullable Expression filter, List<String> providers) {
    public AccessLogging {
      providers = List.copyOf(providers);
    }
  }

  /// Null: not said here.
  ///
  /// @param disabled whether spans are not reported
  /// @param samplingPercent of requests that come without a decision
  /// @param providers none: the parent's
  /// @param istioTags whether spans have the tags `istio.*`
  public record Tracing(
      @Nullable Boolean disabled,
      @Nullable Double samplingPercent,
      Map<String, CustomTag> customTags,
      List<String> providers,
      @Nullable Boolean istioTags) {
    public Tracing {
      customTags = Map.copyOf(customTags);
      providers = List.copyOf(providers);
    }
  }

  /// The value of a tag.
  public sealed interface CustomTag {
    record Literal(String value) implements CustomTag {}

    /// @param name of a request's header, lower case
    /// @param fallback without it; empty: no tag
    record Header(String name, String fallback) implements CustomTag {}
  }
}
