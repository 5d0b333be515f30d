package adit.istiod.l7;

import java.util.Map;

/// Names that the Telemetry API gives to standard metrics. Source: `MetricSelector.IstioMetric`.
final class MetricNames {
  private static final Map<String, String> NAMES =
      Map.of(
          "REQUEST_COUNT", "istio_requests_total",
          "REQUEST_DURATION", "istio_request_duration_milliseconds",
          "REQUEST_SIZE", "istio_request_bytes",
          "RESPONSE_SIZE", "istio_response_bytes",
          "TCP_OPENED_CONNECTIONS", "istio_tcp_connections_opened_total",
          "TCP_CLOSED_CONNECTIONS", "istio_tcp_connections_closed_total",
          "TCP_SENT_BYTES", "istio_tcp_sent_bytes_total",
          "TCP_RECEIVED_BYTES", "istio_tcp_received_bytes_total",
          "GRPC_REQUEST_MESSAGES", "istio_request_messages_total",
          "GRPC_RESPONSE_MESSAGES", "istio_response_messages_total");

  private MetricNames() {}

  /// Whether waypoints have it.
  static boolean isKnown(String name) {
    return NAMES.containsValue(name);
  }

  /// Another name is a metric's own.
  static String istio(String name) {
    return NAMES.getOrDefault(name, name);
  }
}
