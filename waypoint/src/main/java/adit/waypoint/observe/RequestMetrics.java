package adit.waypoint.observe;

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

  private record Series(
      CounterFamily.Series count,
      HistogramFamily.Series duration,
      HistogramFamily.Series request,
      HistogramFamily.Series response) {}

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
    series.count.increment();
    series.duration.observe(milliseconds);
    series.request.observe((double) one.received);
    series.response.observe((double) one.sent);
  }

  private Series series(RequestRecord one) {
    RequestRecord.Asked asked = one.asked;
    List<String> labels =
        common(asked.source(), one.destination, asked.service(), asked.grpc() ? "grpc" : "http");
    labels.add(Integer.toString(one.status));
    labels.add(one.grpcStatus);
    labels.add(one.flags);
    labels.add("mutual_tls");
    String[] values = labels.toArray(String[]::new);
    return new Series(
        requests.series(values),
        durations.series(values),
        requestBytes.series(values),
        responseBytes.series(values));
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

  private static String[] ofStream(StreamRecord one) {
    List<String> labels = common(one.source(), one.destination(), one.service(), "tcp");
    labels.add(one.flags());
    labels.add("mutual_tls");
    return labels.toArray(String[]::new);
  }

  void opened(StreamRecord one) {
    opened.series(ofStream(one)).increment();
  }

  void closed(StreamRecord one, long received, long sent) {
    String[] labels = ofStream(one);
    closed.series(labels).increment();
    receivedBytes.series(labels).add(received);
    sentBytes.series(labels).add(sent);
  }
}
