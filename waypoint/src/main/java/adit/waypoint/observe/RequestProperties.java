package adit.waypoint.observe;

import adit.l7.LogFormat.Part;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.time.Instant;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What can be said of a request that is over, under the names of access logs and of expressions.
///
/// @param began when
/// @param nanos how long it took
record RequestProperties(RequestRecord one, Instant began, long nanos) implements Properties {
  private static final String SERVICE_TIME = "x-envoy-upstream-service-time";

  @Override
  public @Nullable Object valueOrNull(Part.Of of) {
    return switch (of.property()) {
      case START_TIME -> Properties.text(began);
      case REQ -> firstOf(requestHeader(of.first()), of.second(), this::requestHeader);
      case RESP -> firstOf(responseHeader(of.first()), of.second(), this::responseHeader);
      case TRAILER -> firstOf(trailer(of.first()), of.second(), this::trailer);
      case PROTOCOL -> one.asked.version();
      case RESPONSE_CODE -> one.status;
      case RESPONSE_FLAGS -> one.flags;
      case RESPONSE_CODE_DETAILS -> Properties.said(one.detail);
      case UPSTREAM_TRANSPORT_FAILURE_REASON -> Properties.said(one.failure);
      case BYTES_RECEIVED -> one.received;
      case BYTES_SENT -> one.sent;
      case DURATION, REQUEST_DURATION -> nanos / MILLI;
      case RESPONSE_DURATION -> one.upstreamNanos < 0 ? null : one.upstreamNanos / MILLI;
      case UPSTREAM_HOST -> Properties.textOrNull(one.upstream);
      case UPSTREAM_CLUSTER, UPSTREAM_CLUSTER_RAW -> cluster();
      case UPSTREAM_REQUEST_ATTEMPT_COUNT -> one.attempts;
      case DOWNSTREAM_LOCAL_ADDRESS -> Properties.textOrNull(one.asked.local());
      case DOWNSTREAM_LOCAL_PORT -> one.asked.local().getPort();
      case DOWNSTREAM_REMOTE_ADDRESS, DOWNSTREAM_DIRECT_REMOTE_ADDRESS ->
          Properties.textOrNull(one.asked.client());
      case DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT ->
          NetUtil.toAddressString(one.asked.client().getAddress());
      case DOWNSTREAM_PEER_URI_SAN -> Properties.principal(one.asked.source());
      case ROUTE_NAME -> Properties.said(one.route);
      case GRPC_STATUS, GRPC_STATUS_NUMBER -> one.grpcStatus.isEmpty() ? null : one.grpcStatus;
      case TRACE_ID -> one.trace == null ? null : one.trace.context().getTraceId();
      // Nobody here knows them.
      case CONNECTION_TERMINATION_DETAILS,
          UPSTREAM_LOCAL_ADDRESS,
          REQUESTED_SERVER_NAME,
          HOSTNAME ->
          null;
    };
  }

  private interface Lookup {
    @Nullable String get(String name);
  }

  private static @Nullable String firstOf(@Nullable String value, String second, Lookup lookup) {
    return value != null || second.isEmpty() ? value : lookup.get(second);
  }

  private @Nullable String requestHeader(String name) {
    return switch (name) {
      case ":method" -> one.asked.method();
      case ":path" -> one.asked.target();
      case ":authority", "host" -> one.asked.authority();
      case ":scheme" -> one.asked.scheme();
      default -> one.asked.headers().get(name);
    };
  }

  private @Nullable String responseHeader(String name) {
    if (name.equals(":status")) {
      return Integer.toString(one.status);
    }
    String value = one.response == null ? null : one.response.get(name);
    return value == null && name.equals(SERVICE_TIME) && one.upstreamNanos >= 0
        ? Long.toString(one.upstreamNanos / MILLI)
        : value;
  }

  private @Nullable String trailer(String name) {
    return one.trailers == null ? null : one.trailers.get(name);
  }

  @Nullable String cluster() {
    return Properties.cluster(one.asked.service(), one.asked.local().getPort(), "http");
  }

  /// Attributes of Envoy.
  @Override
  public Map<String, ?> of(String word) {
    return switch (word) {
      case "request" -> request();
      case "response" -> response();
      case "source" -> Properties.party(one.asked.source(), one.asked.client());
      case "destination" -> Properties.party(one.destination, one.asked.local());
      case "upstream" -> upstream();
      case "connection" -> Map.of("mtls", true);
      case "xds" ->
          Properties.named("route_name", Properties.said(one.route), "cluster_name", cluster());
      default -> Map.of();
    };
  }

  private Map<String, Object> request() {
    RequestRecord.Asked asked = one.asked;
    String target = asked.target();
    int question = target.indexOf('?');
    Map<String, Object> all =
        Properties.named(
            "useragent",
            asked.headers().get("user-agent"),
            "referer",
            asked.headers().get("referer"),
            "id",
            asked.headers().get("x-request-id"));
    all.put("path", target);
    all.put("url_path", question < 0 ? target : target.substring(0, question));
    all.put("query", question < 0 ? "" : target.substring(question + 1));
    all.put("host", asked.authority());
    all.put("scheme", asked.scheme());
    all.put("method", asked.method());
    all.put("protocol", asked.version());
    all.put("size", one.received);
    all.put("headers", new Headers(asked.headers()));
    return all;
  }

  private Map<String, Object> response() {
    Map<String, Object> all =
        Properties.named(
            "code_details", Properties.said(one.detail), "grpc_status", grpcStatusOrNull());
    all.put("code", (long) one.status);
    all.put("flags", one.flags);
    all.put("size", one.sent);
    all.put("headers", one.response == null ? Map.of() : new Headers(one.response));
    all.put("trailers", one.trailers == null ? Map.of() : new Headers(one.trailers));
    return all;
  }

  private @Nullable Long grpcStatusOrNull() {
    return one.grpcStatus.matches("\\d{1,3}") ? Long.valueOf(one.grpcStatus) : null;
  }

  private Map<String, Object> upstream() {
    Map<String, Object> all =
        Properties.named(
            "address",
            Properties.textOrNull(one.upstream),
            "transport_failure_reason",
            Properties.said(one.failure),
            "request_attempt_count",
            (long) one.attempts);
    if (one.upstream != null) {
      all.put("port", (long) one.upstream.getPort());
    }
    return all;
  }

  /// Headers by name.
  private static final class Headers extends AbstractMap<String, String> {
    private final HttpHeaders headers;

    Headers(HttpHeaders headers) {
      this.headers = headers;
    }

    @Override
    public boolean containsKey(Object name) {
      return name instanceof String text && headers.contains(text);
    }

    @Override
    public @Nullable String get(Object name) {
      return name instanceof String text ? headers.get(text) : null;
    }

    @Override
    public Set<Entry<String, String>> entrySet() {
      Map<String, String> all = new HashMap<>();
      headers.forEach(header -> all.put(header.getKey(), header.getValue()));
      return all.entrySet();
    }
  }
}
