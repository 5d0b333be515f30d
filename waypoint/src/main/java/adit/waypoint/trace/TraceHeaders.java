package adit.waypoint.trace;

import io.netty.handler.codec.http.HttpHeaders;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceId;
import io.opentelemetry.api.trace.TraceState;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The headers of a request that say which trace it belongs to. What is malformed is not there.
///
/// Source: W3C Trace Context level 1 (`traceparent`), B3 propagation (`b3`, `x-b3-*`).
///
/// @param parent invalid: none
/// @param decision whether the trace is sampled; null: nobody has decided
/// @param form how they were written
record TraceHeaders(SpanContext parent, @Nullable Boolean decision, Form form) {
  private static final String TRACEPARENT = "traceparent";
  private static final String B3 = "b3";
  private static final String B3_TRACE = "x-b3-traceid";
  private static final String B3_SPAN = "x-b3-spanid";
  private static final String B3_SAMPLED = "x-b3-sampled";
  private static final String B3_FLAGS = "x-b3-flags";
  private static final int SPAN = 16;
  private static final int TRACE = 32;
  private static final int TRACEPARENT_LENGTH = 55;

  /// How a context is written.
  enum Form {
    W3C,
    B3_SINGLE,
    B3_MULTI
  }

  /// What a request says.
  static TraceHeaders of(HttpHeaders headers) {
    String w3c = headers.get(TRACEPARENT);
    SpanContext parent = w3c == null ? SpanContext.getInvalid() : w3c(w3c);
    if (parent.isValid()) {
      return new TraceHeaders(parent, parent.isSampled(), Form.W3C);
    }
    String single = headers.get(B3);
    if (single != null) {
      return single(single.split("-", 5));
    }
    if (headers.contains(B3_TRACE) || headers.contains(B3_SAMPLED)) {
      Boolean decision =
          "1".equals(headers.get(B3_FLAGS))
              ? Boolean.TRUE
              : decisionOrNull(headers.get(B3_SAMPLED, ""));
      return new TraceHeaders(
          b3(headers.get(B3_TRACE, ""), headers.get(B3_SPAN, ""), decision),
          decision,
          Form.B3_MULTI);
    }
    return new TraceHeaders(SpanContext.getInvalid(), null, Form.W3C);
  }

  private static SpanContext w3c(String text) {
    int length = text.length();
    boolean longer =
        length > TRACEPARENT_LENGTH
            && (text.startsWith("00") || text.charAt(TRACEPARENT_LENGTH) != '-');
    if (length < TRACEPARENT_LENGTH
        || longer
        || text.startsWith("ff")
        || !isHex(text.substring(0, 2))
        || text.charAt(2) != '-'
        || text.charAt(35) != '-'
        || text.charAt(52) != '-'
        || !isHex(text.substring(53, 55))) {
      return SpanContext.getInvalid();
    }
    boolean sampled = (Integer.parseInt(text.substring(53, 55), 16) & 1) == 1;
    return context(text.substring(3, 35), text.substring(36, 52), sampled);
  }

  private static TraceHeaders single(String... parts) {
    if (parts.length == 1) {
      return new TraceHeaders(SpanContext.getInvalid(), decisionOrNull(parts[0]), Form.B3_SINGLE);
    }
    Boolean decision = parts.length > 2 ? decisionOrNull(parts[2]) : null;
    return new TraceHeaders(b3(parts[0], parts[1], decision), decision, Form.B3_SINGLE);
  }

  private static @Nullable Boolean decisionOrNull(String text) {
    return switch (text) {
      case "1", "d", "true" -> true;
      case "0", "false" -> false;
      default -> null;
    };
  }

  /// Ids of 64 bits are the low half of one of 128.
  private static SpanContext b3(String trace, String span, @Nullable Boolean decision) {
    String whole = trace.length() == SPAN ? "0".repeat(SPAN) + trace : trace;
    return context(
        whole.toLowerCase(Locale.ROOT),
        span.toLowerCase(Locale.ROOT),
        decision != null && decision);
  }

  private static SpanContext context(String trace, String span, boolean sampled) {
    return trace.length() == TRACE
            && span.length() == SPAN
            && TraceId.isValid(trace)
            && SpanId.isValid(span)
        ? SpanContext.createFromRemoteParent(
            trace,
            span,
            sampled ? TraceFlags.getSampled() : TraceFlags.getDefault(),
            TraceState.getDefault())
        : SpanContext.getInvalid();
  }

  private static boolean isHex(String text) {
    return text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  /// Writes a context: always as `traceparent`, and as B3 in the form in which it came.
  ///
  /// @param parent of the context, invalid for none
  static void write(SpanContext context, SpanContext parent, Form form, HttpHeaders headers) {
    headers.set(
        TRACEPARENT,
        "00-"
            + context.getTraceId()
            + "-"
            + context.getSpanId()
            + "-"
            + (context.isSampled() ? "01" : "00"));
    String sampled = context.isSampled() ? "1" : "0";
    switch (form) {
      case W3C -> {}
      case B3_SINGLE ->
          headers.set(B3, context.getTraceId() + "-" + context.getSpanId() + "-" + sampled);
      case B3_MULTI -> {
        headers.set(B3_TRACE, context.getTraceId());
        headers.set(B3_SPAN, context.getSpanId());
        headers.set(B3_SAMPLED, sampled);
        if (parent.isValid()) {
          headers.set("x-b3-parentspanid", parent.getSpanId());
        }
      }
    }
  }
}
