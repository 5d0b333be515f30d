package adit.istiod.l7;

import adit.protos.l7.TelemetryPolicy;
import adit.protos.l7.TelemetryPolicy.CustomTag;
import adit.source.object.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Telemetry (telemetry.istio.io), of a namespace or of targets. What is said for clients is not a
/// waypoint's.
///
/// @param reading the object
record TelemetryReader(Reading reading) {
  private static final String ALL = "ALL_METRICS";

  /// All but names.
  void read(Fields spec, TelemetryPolicy.Builder wire) {
    wire.addAllTargets(new Targets(reading).read(spec));
    spec.objects("metrics", this::metrics).stream().flatMap(List::stream).forEach(wire::addMetrics);
    spec.objects("accessLogging", this::loggingOrNull).forEach(wire::addAccessLogging);
    List<TelemetryPolicy.Tracing> tracing = spec.objects("tracing", this::tracingOrNull);
    if (!tracing.isEmpty()) {
      wire.setTracing(tracing.getFirst());
    }
    reading.strict(spec.ignore("selector"));
  }

  private boolean isForClients(Fields fields) {
    Fields match = fields.object("match");
    String mode = match.text("mode", "CLIENT_AND_SERVER");
    if (!List.of("CLIENT", "SERVER", "CLIENT_AND_SERVER").contains(mode)) {
      reading.wrong(match, "mode", "CLIENT, SERVER or CLIENT_AND_SERVER");
    }
    return mode.equals("CLIENT");
  }

  /// Names of providers that can be used; null: there are names, and none of them can.
  private @Nullable List<String> providersOrNull(
      Fields fields, Predicate<MeshConfig.Provider> usable, String expected) {
    List<String> names = fields.objects("providers", one -> one.requiredText("name"));
    MeshConfig mesh = reading.references().meshOrNull();
    if (names.isEmpty() || mesh == null) {
      return names;
    }
    List<String> good = new ArrayList<>();
    for (String name : names) {
      MeshConfig.Provider provider = mesh.providers().get(name);
      if (provider != null && usable.test(provider)) {
        good.add(name);
      }
    }
    if (good.size() < names.size()) {
      reading.unsupported(fields, "providers", expected);
    }
    return good.isEmpty() ? null : good;
  }

  private List<TelemetryPolicy.MetricOverride> metrics(Fields metrics) {
    if (metrics.has("reportingInterval")) {
      reading.unsupported(metrics, "reportingInterval", "nothing: connections count as they end");
    }
    List<String> names = metrics.objects("providers", one -> one.requiredText("name"));
    if (!names.isEmpty() && names.stream().noneMatch(this::isPrometheus)) {
      reading.unsupported(metrics, "providers", "prometheus: waypoints tell their metrics to it");
      return List.of();
    }
    List<TelemetryPolicy.MetricOverride> overrides =
        metrics.objects("overrides", this::overrideOrNull);
    reading.strict(metrics);
    return overrides;
  }

  private boolean isPrometheus(String name) {
    MeshConfig mesh = reading.references().meshOrNull();
    return name.equals("prometheus")
        || mesh == null
        || mesh.providers().get(name) instanceof MeshConfig.Provider.Prometheus;
  }

  private TelemetryPolicy.@Nullable MetricOverride overrideOrNull(Fields override) {
    if (isForClients(override)) {
      return null;
    }
    Fields match = override.object("match");
    String written = match.text("metric", match.text("customMetric", ALL));
    String metric = written.equals(ALL) ? "" : MetricNames.istio(written);
    if (!metric.isEmpty() && !MetricNames.isKnown(metric)) {
      reading.unsupported(
          match, match.has("metric") ? "metric" : "customMetric", "a metric that waypoints have");
      return null;
    }
    TelemetryPolicy.MetricOverride.Builder wire =
        TelemetryPolicy.MetricOverride.newBuilder().setMetric(metric);
    if (override.has("disabled")) {
      wire.setDisabled(override.flag("disabled", false));
    }
    Fields tags = override.object("tagOverrides");
    for (String name : tags.names()) {
      Fields tag = tags.object(name);
      switch (tag.text("operation", "UPSERT")) {
        case "REMOVE" -> wire.putTags(name, "");
        case "UPSERT" -> {
          String value = tag.requiredText("value");
          if (!value.isEmpty()) {
            wire.putTags(name, value);
          }
        }
        default -> reading.wrong(tag, "operation", "UPSERT or REMOVE");
      }
      reading.strict(tag.ignore("value"));
    }
    reading.strict(override);
    return wire.build();
  }

  private TelemetryPolicy.@Nullable AccessLogging loggingOrNull(Fields logging) {
    if (isForClients(logging)) {
      return null;
    }
    List<String> providers =
        providersOrNull(
            logging,
            MeshConfig.Provider.Logs.class::isInstance,
            "envoy, or an envoyFileAccessLog of the mesh's extensionProviders");
    if (providers == null) {
      return null;
    }
    Fields filter = logging.object("filter");
    TelemetryPolicy.AccessLogging wire =
        TelemetryPolicy.AccessLogging.newBuilder()
            .setDisabled(logging.flag("disabled", false))
            .setFilter(filter.text("expression"))
            .addAllProviders(providers)
            .build();
    reading.strict(filter);
    reading.strict(logging);
    return wire;
  }

  private TelemetryPolicy.@Nullable Tracing tracingOrNull(Fields tracing) {
    if (isForClients(tracing)) {
      return null;
    }
    List<String> providers =
        providersOrNull(
            tracing,
            MeshConfig.Provider.Traces.class::isInstance,
            "an opentelemetry of the mesh's extensionProviders");
    if (providers == null) {
      return null;
    }
    TelemetryPolicy.Tracing.Builder wire =
        TelemetryPolicy.Tracing.newBuilder().addAllProviders(providers);
    if (tracing.has("disableSpanReporting")) {
      wire.setDisabled(tracing.flag("disableSpanReporting", false));
    }
    if (tracing.has("enableIstioTags")) {
      wire.setIstioTags(tracing.flag("enableIstioTags", true));
    }
    if (tracing.has("randomSamplingPercentage")) {
      wire.setSamplingPercent(tracing.number("randomSamplingPercentage", 0, 0, 100));
    }
    if (tracing.flag("useRequestIdForTraceSampling", false)) {
      reading.unsupported(
          tracing, "useRequestIdForTraceSampling", "false: the trace's own parent decides");
    }
    wire.putAllCustomTags(tags(tracing.object("customTags")));
    reading.strict(tracing);
    return wire.build();
  }

  private Map<String, CustomTag> tags(Fields tags) {
    Map<String, CustomTag> wire = new LinkedHashMap<>();
    for (String name : tags.names()) {
      Fields tag = tags.object(name);
      Fields literal = tag.object("literal");
      Fields header = tag.object("header");
      if (literal.present()) {
        wire.put(name, CustomTag.newBuilder().setLiteral(literal.text("value")).build());
      } else if (header.present()) {
        wire.put(
            name,
            CustomTag.newBuilder()
                .setHeader(
                    TelemetryPolicy.HeaderTag.newBuilder()
                        .setName(header.requiredText("name"))
                        .setFallback(header.text("defaultValue")))
                .build());
      } else {
        reading.unsupported(tags, name, "literal or header: no environment of waypoints is read");
      }
    }
    return wire;
  }
}
