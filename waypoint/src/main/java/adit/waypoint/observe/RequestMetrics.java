package adit.waypoint.observe;

import adit.l7.Expression;
import adit.l7.Telling;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.telemetry.CounterFamily;
import adit.telemetry.HistogramFamily;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The mesh's request metrics. Thread-safe.
final class RequestMetrics {
  private static final String REPORTER = "waypoint";
  private static final int MOST_SERIES = 20_000;
  private static final double[] MILLISECONDS = {
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000
  };
  private static final double[] BYTES = {1, 10, 100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8};
  private static final String[] COMMON = {
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_canonical_service",
    "source_canonical_revision",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_cluster",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "request_protocol",
  };
  private static final String[] OF_REQUESTS =
      with(
          COMMON,
          "response_code",
          "grpc_response_status",
          "response_flags",
          "connection_security_policy");
  private static final String[] OF_STREAMS =
      with(COMMON, "response_flags", "connection_security_policy");

  private final CounterFamily requests;
  private final HistogramFamily durations;
  private final HistogramFamily requestBytes;
  private final HistogramFamily responseBytes;
  private final CounterFamily requestMessages;
  private final CounterFamily responseMessages;
  private final CounterFamily opened;
  private final CounterFamily closed;
  private final CounterFamily sentBytes;
  private final CounterFamily receivedBytes;
  private final Map<Key, Series> known = new ConcurrentHashMap<>();

  /// What tells two series apart.
  private record Key(
      Party.Key source,
      Party.Key destination,
      @Nullable NamespacedHostname service,
      int status,
      String grpcStatus,
      String flags,
      boolean grpc) {}

  /// Null: the metric is switched off, or it is one of gRPC and this is none.
  private record Series(
      CounterFamily.@Nullable Series count,
      HistogramFamily.@Nullable Series duration,
      HistogramFamily.@Nullable Series request,
      HistogramFamily.@Nullable Series response,
      CounterFamily.@Nullable Series sent,
      CounterFamily.@Nullable Series received) {
    void add(RequestRecord one, double milliseconds) {
      if (count != null) {
        count.increment();
      }
      if (duration != null) {
        duration.observe(milliseconds);
      }
      if (request != null) {
        request.observe((double) one.received);
      }
      if (response != null) {
        response.observe((double) one.sent);
      }
      if (sent != null && one.requestMessages != null) {
        sent.add(one.requestMessages.messages());
      }
      if (received != null && one.responseMessages != null) {
        received.add(one.responseMessages.messages());
      }
    }
  }

  RequestMetrics(Metrics metrics) {
    requests = counter(metrics, "istio_requests", "Requests", OF_REQUESTS);
    durations =
        metrics.histogram(
            "istio_request_duration_milliseconds",
            "How long requests took, from their first byte to the last of the answer",
            Stability.CORE,
            MILLISECONDS,
            OF_REQUESTS);
    requestBytes =
        metrics.histogram(
            "istio_request_bytes", "Bytes of requests' bodies", Stability.CORE, BYTES, OF_REQUESTS);
    responseBytes =
        metrics.histogram(
            "istio_response_bytes", "Bytes of answers' bodies", Stability.CORE, BYTES, OF_REQUESTS);
    requestMessages =
        counter(metrics, "istio_request_messages", "Messages of gRPC to backends", OF_REQUESTS);
    responseMessages =
        counter(metrics, "istio_response_messages", "Messages of gRPC to clients", OF_REQUESTS);
    opened = counter(metrics, "istio_tcp_connections_opened", "Connections opened", OF_STREAMS);
    closed = counter(metrics, "istio_tcp_connections_closed", "Connections closed", OF_STREAMS);
    sentBytes = counter(metrics, "istio_tcp_sent_bytes", "Bytes sent to clients", OF_STREAMS);
    receivedBytes =
        counter(metrics, "istio_tcp_received_bytes", "Bytes received from clients", OF_STREAMS);
  }

  private static String[] with(String[] some, String... more) {
    List<String> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static CounterFamily counter(
      Metrics metrics, String name, String help, String... labels) {
    return metrics.counter(name, help, Stability.CORE, labels);
  }

  void count(RequestRecord one, double milliseconds) {
    Key key =
        new Key(
            one.asked.source().key(),
            one.destination.key(),
            one.asked.service() == null ? null : one.asked.service().key(),
            one.status,
            one.grpcStatus,
            one.flags,
            one.asked.grpc());
    Series series = known.get(key);
    if (series == null) {
      if (known.size() >= MOST_SERIES) {
        known.clear(); // the families keep what was counted
      }
      series = series(one);
      known.put(key, series);
    }
    series.add(one, milliseconds);
  }

  /// With some that are not as they always are.
  void count(
      RequestRecord one,
      double milliseconds,
      Map<String, Telling.Metric> changed,
      Expression.Facts facts) {
    if (changed.isEmpty()) {
      count(one, milliseconds);
      return;
    }
    var labels = new MetricLabels(changed, facts, OF_REQUESTS, ofRequest(one));
    boolean grpc = one.asked.grpc();
    new Series(
            labels.inOrNull("istio_requests_total", requests::seriesWith),
            labels.inOrNull("istio_request_duration_milliseconds", durations::seriesWith),
            labels.inOrNull("istio_request_bytes", requestBytes::seriesWith),
            labels.inOrNull("istio_response_bytes", responseBytes::seriesWith),
            grpc
                ? labels.inOrNull("istio_request_messages_total", requestMessages::seriesWith)
                : null,
            grpc
                ? labels.inOrNull("istio_response_messages_total", responseMessages::seriesWith)
                : null)
        .add(one, milliseconds);
  }

  private Series series(RequestRecord one) {
    String[] values = ofRequest(one);
    boolean grpc = one.asked.grpc();
    return new Series(
        requests.series(values),
        durations.series(values),
        requestBytes.series(values),
        responseBytes.series(values),
        grpc ? requestMessages.series(values) : null,
        grpc ? responseMessages.series(values) : null);
  }

  private static String[] ofRequest(RequestRecord one) {
    RequestRecord.Asked asked = one.asked;
    List<String> labels =
        common(asked.source(), one.destination, asked.service(), asked.grpc() ? "grpc" : "http");
    labels.add(Integer.toString(one.status));
    labels.add(one.grpcStatus);
    labels.add(one.flags);
    labels.add("mutual_tls");
    return labels.toArray(String[]::new);
  }

  private static List<String> common(
      Party source, Party destination, @Nullable Service service, String protocol) {
    List<String> labels = new ArrayList<>(OF_REQUESTS.length);
    labels.add(REPORTER);
    source.addLabels(labels);
    destination.addLabels(labels);
    labels.add(service == null ? "unknown" : service.hostname());
    labels.add(service == null ? "unknown" : service.name());
    labels.add(service == null ? "unknown" : service.namespace());
    labels.add(protocol);
    return labels;
  }

  private static MetricLabels ofStream(StreamRecord one, Map<String, Telling.Metric> changed) {
    List<String> labels = common(one.source(), one.destination(), one.service(), "tcp");
    labels.add(one.flags());
    labels.add("mutual_tls");
    return new MetricLabels(changed, _ -> Map.of(), OF_STREAMS, labels.toArray(String[]::new));
  }

  void opened(StreamRecord one, Map<String, Telling.Metric> changed) {
    add(ofStream(one, changed), "istio_tcp_connections_opened_total", opened, 1);
  }

  void closed(StreamRecord one, long received, long sent, Map<String, Telling.Metric> changed) {
    MetricLabels labels = ofStream(one, changed);
    add(labels, "istio_tcp_connections_closed_total", closed, 1);
    add(labels, "istio_tcp_received_bytes_total", receivedBytes, received);
    add(labels, "istio_tcp_sent_bytes_total", sentBytes, sent);
  }

  private static void add(MetricLabels labels, String metric, CounterFamily to, long amount) {
    CounterFamily.Series series = labels.inOrNull(metric, to::seriesWith);
    if (series != null) {
      series.add(amount);
    }
  }
}
