package adit.l7;

import adit.l7.TelemetryPolicy.AccessLogging;
import adit.l7.TelemetryPolicy.CustomTag;
import adit.l7.TelemetryPolicy.MetricOverride;
import adit.l7.TelemetryPolicy.Tracing;
import adit.l7.WaypointConfig.AccessLog;
import adit.l7.WaypointConfig.TraceExport;
import adit.model.InvalidResource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What is told about traffic as checked records.
final class DecodeTelemetry {
  private static final int MAX_FIELDS = 128;
  // Prometheus' own rule for names of labels, and a bound.
  private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]{0,127}";

  // The reference's default, in its order.
  private static final List<String> FIELDS =
      List.of(
          "start_time=%START_TIME%",
          "method=%REQ(:METHOD)%",
          "path=%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
          "protocol=%PROTOCOL%",
          "response_code=%RESPONSE_CODE%",
          "response_flags=%RESPONSE_FLAGS%",
          "response_code_details=%RESPONSE_CODE_DETAILS%",
          "connection_termination_details=%CONNECTION_TERMINATION_DETAILS%",
          "upstream_transport_failure_reason=%UPSTREAM_TRANSPORT_FAILURE_REASON%",
          "bytes_received=%BYTES_RECEIVED%",
          "bytes_sent=%BYTES_SENT%",
          "duration=%DURATION%",
          "upstream_service_time=%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
          "x_forwarded_for=%REQ(X-FORWARDED-FOR)%",
          "user_agent=%REQ(USER-AGENT)%",
          "request_id=%REQ(X-REQUEST-ID)%",
          "authority=%REQ(:AUTHORITY)%",
          "upstream_host=%UPSTREAM_HOST%",
          "upstream_cluster=%UPSTREAM_CLUSTER_RAW%",
          "upstream_local_address=%UPSTREAM_LOCAL_ADDRESS%",
          "downstream_local_address=%DOWNSTREAM_LOCAL_ADDRESS%",
          "downstream_remote_address=%DOWNSTREAM_REMOTE_ADDRESS%",
          "requested_server_name=%REQUESTED_SERVER_NAME%",
          "route_name=%ROUTE_NAME%");

  private DecodeTelemetry() {}

  static TelemetryPolicy policy(adit.protos.l7.TelemetryPolicy wire) throws InvalidResource {
    Checked checked = new Checked("TelemetryPolicy " + wire.getNamespace() + "/" + wire.getName());
    return new TelemetryPolicy(
        checked.notEmpty("namespace", wire.getNamespace()),
        checked.notEmpty("name", wire.getName()),
        checked.time("created", wire.getCreated()),
        checked.targets(wire.getTargetsList()),
        Checked.each(wire.getMetricsList(), one -> override(checked, one)),
        Checked.each(wire.getAccessLoggingList(), one -> logging(checked, one)),
        wire.hasTracing() ? tracing(checked, wire.getTracing()) : null);
  }

  private static MetricOverride override(
      Checked checked, adit.protos.l7.TelemetryPolicy.MetricOverride wire) throws InvalidResource {
    Map<String, Optional<Expression>> tags = new HashMap<>();
    for (var tag : wire.getTagsMap().entrySet()) {
      if (!tag.getKey().matches(LABEL)) {
        throw checked.bad("metrics.tags", tag.getKey(), "a name of a label");
      }
      tags.put(
          tag.getKey(),
          tag.getValue().isEmpty()
              ? Optional.empty()
              : Optional.of(
                  Expression.compile(
                      checked.resource(), "metrics.tags." + tag.getKey(), tag.getValue())));
    }
    if (tags.size() > MAX_FIELDS) {
      throw checked.bad("metrics.tags", tags.size(), "at most " + MAX_FIELDS);
    }
    return new MetricOverride(
        wire.getMetric(), wire.hasDisabled() ? (Boolean) wire.getDisabled() : null, tags);
  }

  private static AccessLogging logging(
      Checked checked, adit.protos.l7.TelemetryPolicy.AccessLogging wire) throws InvalidResource {
    return new AccessLogging(
        wire.getDisabled(),
        wire.getFilter().isEmpty()
            ? null
            : Expression.compile(checked.resource(), "access_logging.filter", wire.getFilter()),
        wire.getProvidersList());
  }

  private static Tracing tracing(Checked checked, adit.protos.l7.TelemetryPolicy.Tracing wire)
      throws InvalidResource {
    Map<String, CustomTag> tags = new HashMap<>();
    for (var tag : wire.getCustomTagsMap().entrySet()) {
      tags.put(checked.notEmpty("tracing.custom_tags", tag.getKey()), tag(checked, tag.getValue()));
    }
    if (tags.size() > MAX_FIELDS) {
      throw checked.bad("tracing.custom_tags", tags.size(), "at most " + MAX_FIELDS);
    }
    return new Tracing(
        wire.hasDisabled() ? (Boolean) wire.getDisabled() : null,
        wire.hasSamplingPercent()
            ? (Double) checked.percent("tracing.sampling_percent", wire.getSamplingPercent())
            : null,
        tags,
        wire.getProvidersList(),
        wire.hasIstioTags() ? (Boolean) wire.getIstioTags() : null);
  }

  private static CustomTag tag(Checked checked, adit.protos.l7.TelemetryPolicy.CustomTag wire)
      throws InvalidResource {
    return switch (wire.getKindCase()) {
      case LITERAL -> new CustomTag.Literal(checked.text("custom_tags.literal", wire.getLiteral()));
      case HEADER ->
          new CustomTag.Header(
              checked
                  .notEmpty("custom_tags.header.name", wire.getHeader().getName())
                  .toLowerCase(Locale.ROOT),
              checked.text("custom_tags.header.fallback", wire.getHeader().getFallback()));
      case KIND_NOT_SET -> throw checked.bad("custom_tags", "unset", "literal or header");
    };
  }

  static Map<String, TraceExport> traces(
      Checked checked, Map<String, adit.protos.l7.WaypointConfig.TraceExport> wire)
      throws InvalidResource {
    Map<String, TraceExport> traces = new HashMap<>();
    for (var one : wire.entrySet()) {
      traces.put(
          one.getKey(),
          new TraceExport(
              checked.service("trace_providers.service", one.getValue().getService()),
              checked.number("trace_providers.port", one.getValue().getPort(), 1, 0xFFFF),
              checked.text("trace_providers.http_path", one.getValue().getHttpPath())));
    }
    return traces;
  }

  static Map<String, AccessLog> accessLogs(
      Checked checked, Map<String, adit.protos.l7.WaypointConfig.AccessLog> wire)
      throws InvalidResource {
    Map<String, AccessLog> logs = new HashMap<>();
    for (var one : wire.entrySet()) {
      logs.put(one.getKey(), accessLog(checked, one.getValue()));
    }
    return logs;
  }

  static AccessLog accessLog(Checked checked, adit.protos.l7.WaypointConfig.AccessLog wire)
      throws InvalidResource {
    String format = checked.text("access_log.format", wire.getFormat());
    return switch (wire.getEncoding()) {
      case TEXT ->
          new AccessLog.Text(format.isEmpty() ? LogFormat.TEXT : LogFormat.parse(oneLine(format)));
      case JSON -> new AccessLog.Json(fields(checked, wire.getLabelsMap()));
      case UNRECOGNIZED ->
          throw checked.bad("access_log.encoding", wire.getEncodingValue(), "TEXT or JSON");
    };
  }

  /// A line of the log is a line, whether its format ends one or not.
  private static String oneLine(String format) {
    return format.stripTrailing().replace('\n', ' ');
  }

  private static Map<String, LogFormat> fields(Checked checked, Map<String, String> labels)
      throws InvalidResource {
    Map<String, LogFormat> fields = new LinkedHashMap<>();
    if (labels.isEmpty()) {
      for (String field : FIELDS) {
        int equals = field.indexOf('=');
        fields.put(field.substring(0, equals), LogFormat.parse(field.substring(equals + 1)));
      }
    }
    if (labels.size() > MAX_FIELDS) {
      throw checked.bad("access_log.labels", labels.size(), "at most " + MAX_FIELDS);
    }
    for (var label : new TreeMap<>(labels).entrySet()) {
      fields.put(
          label.getKey(), LogFormat.parse(checked.text("access_log.labels", label.getValue())));
    }
    return fields;
  }
}
