package adit.waypoint.observe;

import adit.l7.TelemetryPolicy.CustomTag;
import adit.model.Workload;
import adit.waypoint.trace.RequestTrace;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import org.jspecify.annotations.Nullable;

/// Ends the span of a request. Names of tags are those of Envoy and Istio.
final class SpanTags {
  private static final int SERVER_ERROR = 500;

  private SpanTags() {}

  static void end(RequestRecord one, RequestProperties properties) {
    RequestTrace trace = one.trace;
    Span span = trace == null ? null : trace.span();
    if (trace == null || span == null) {
      return;
    }
    http(span, one);
    put(span, "upstream_cluster", properties.cluster());
    put(span, "upstream_address", Properties.textOrNull(one.upstream));
    put(span, "peer.address", Properties.textOrNull(one.asked.client()));
    if (trace.settings().istioTags()) {
      party(span, "istio.source_", one.asked.source());
      party(span, "istio.destination_", one.destination);
    }
    trace
        .settings()
        .customTags()
        .forEach((name, tag) -> {
          switch (tag) {
            case CustomTag.Literal(var value) -> span.setAttribute(name, value);
            case CustomTag.Header(var header, var fallback) -> {
              String value = one.asked.headers().get(header);
              put(span, name, value != null ? value : fallback.isEmpty() ? null : fallback);
            }
          }
        });
    if (one.status >= SERVER_ERROR || one.status == 0) {
      span.setStatus(StatusCode.ERROR);
      span.setAttribute("error", true);
    }
    span.end(properties.began().plusNanos(properties.nanos()));
  }

  private static void http(Span span, RequestRecord one) {
    RequestRecord.Asked asked = one.asked;
    span.setAttribute("component", "proxy");
    span.setAttribute("http.method", asked.method());
    span.setAttribute("http.url", asked.scheme() + "://" + asked.authority() + asked.target());
    span.setAttribute("http.protocol", asked.version());
    span.setAttribute("http.status_code", Integer.toString(one.status));
    span.setAttribute("response_flags", one.flags);
    span.setAttribute("request_size", Long.toString(one.received));
    span.setAttribute("response_size", Long.toString(one.sent));
    put(span, "user_agent", asked.headers().get("user-agent"));
    put(span, "guid:x-request-id", asked.headers().get("x-request-id"));
    if (!one.grpcStatus.isEmpty()) {
      span.setAttribute("grpc.status_code", one.grpcStatus);
    }
    if (one.refusal != null) {
      span.setAttribute("adit.refusal", one.refusal.sentence());
    }
  }

  private static void party(Span span, String prefix, Party party) {
    put(span, prefix + "principal", party.identity() == null ? null : party.identity().toString());
    Workload workload = party.workload();
    if (workload != null) {
      put(span, prefix + "workload", workload.canonical().workloadName());
      put(span, prefix + "namespace", workload.namespace());
      put(span, prefix + "cluster_id", workload.placement().clusterId());
      put(span, prefix + "canonical_service", workload.canonical().name());
      put(span, prefix + "canonical_revision", workload.canonical().revision());
      put(span, prefix + "app", workload.canonical().name());
      put(span, prefix + "app_version", workload.canonical().revision());
      put(span, prefix + "instance_name", workload.name());
    }
  }

  private static void put(Span span, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      span.setAttribute(name, value);
    }
  }
}
