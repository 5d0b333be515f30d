package adit.istiod.l7;

import adit.protos.l7.TelemetryPolicy;
import adit.source.object.Fields;
import java.util.List;

/// Telemetry (telemetry.istio.io), of a namespace or of targets.
///
/// @param reading the object
record TelemetryReader(Reading reading) {
  private static final String ALL = "ALL_METRICS";

  /// All but names.
  void read(Fields spec, TelemetryPolicy.Builder wire) {
    wire.addAllTargets(new Targets(reading).read(spec));
    spec
        .objects("metrics", metrics -> metrics.objects("overrides", TelemetryReader::override))
        .stream()
        .flatMap(List::stream)
        .forEach(wire::addMetrics);
    spec.objects("accessLogging", TelemetryReader::logging).forEach(wire::setAccessLogging);
    spec.objects("tracing", TelemetryReader::tracing).forEach(wire::setTracing);
    reading.strict(spec.ignore("selector"));
  }

  private static TelemetryPolicy.MetricOverride override(Fields override) {
    Fields match = override.object("match");
    String metric = match.text("metric", match.text("customMetric", ALL));
    TelemetryPolicy.MetricOverride.Builder wire =
        TelemetryPolicy.MetricOverride.newBuilder()
            .setMetric(metric.equals(ALL) ? "" : MetricNames.istio(metric))
            .setDisabled(override.flag("disabled", false));
    Fields tags = override.object("tagOverrides");
    for (String name : tags.names()) {
      Fields tag = tags.object(name);
      boolean remove = tag.text("operation", "UPSERT").equals("REMOVE");
      wire.putTags(name, remove ? "" : tag.text("value"));
    }
    return wire.build();
  }

  private static TelemetryPolicy.AccessLogging logging(Fields logging) {
    return TelemetryPolicy.AccessLogging.newBuilder()
        .setDisabled(logging.flag("disabled", false))
        .setFilter(logging.object("filter").text("expression"))
        .build();
  }

  private static TelemetryPolicy.Tracing tracing(Fields tracing) {
    TelemetryPolicy.Tracing.Builder wire =
        TelemetryPolicy.Tracing.newBuilder()
            .setDisabled(tracing.flag("disableSpanReporting", false));
    if (tracing.has("randomSamplingPercentage")) {
      wire.setSamplingPercent(tracing.number("randomSamplingPercentage", 0, 0, 100));
    }
    Fields tags = tracing.object("customTags");
    for (String name : tags.names()) {
      Fields literal = tags.object(name).object("literal");
      if (literal.present()) {
        wire.putCustomTags(name, literal.text("value"));
      }
    }
    return wire.build();
  }
}
