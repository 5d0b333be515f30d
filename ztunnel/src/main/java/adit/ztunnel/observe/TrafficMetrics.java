package adit.ztunnel.observe;

import adit.telemetry.CounterFamily;
import adit.telemetry.GaugeFamily;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import java.util.Arrays;

/// The families of connections, with Istio's names and labels.
public final class TrafficMetrics {
  private static final String[] LABELS = {
    "reporter",
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_service",
    "destination_service_namespace",
    "destination_service_name",
    "destination_workload",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_cluster",
    "request_protocol",
    "response_flags",
    "connection_security_policy",
    "source_region",
    "source_zone",
    "destination_region",
    "destination_zone",
  };
  private static final int SOURCE = 1;
  private static final int SERVICE = 9;
  private static final int DESTINATION = 12;
  private static final int FLAGS = 21;

  private final CounterFamily opened;
  private final CounterFamily closed;
  private final CounterFamily failed;
  private final CounterFamily received;
  private final CounterFamily sent;
  private final GaugeFamily sockets;

  public TrafficMetrics(Metrics metrics) {
    opened =
        metrics.counter(
            "istio_tcp_connections_opened",
            "The total number of TCP connections opened",
            Stability.CORE,
            LABELS);
    closed =
        metrics.counter(
            "istio_tcp_connections_closed",
            "The total number of TCP connections closed",
            Stability.CORE,
            LABELS);
    received =
        metrics.counter(
            "istio_tcp_received_bytes",
            "The size of total bytes received during request in case of a TCP connection",
            Stability.CORE,
            LABELS);
    sent =
        metrics.counter(
            "istio_tcp_sent_bytes",
            "The size of total bytes sent during response in case of a TCP connection",
            Stability.CORE,
            LABELS);
    failed =
        metrics.counter(
            "istio_tcp_connections_failed",
            "The total number of TCP connections that failed to connect",
            Stability.UNSTABLE,
            LABELS);
    sockets =
        metrics.gauge(
            "istio_tcp_sockets_open",
            "The current number of open TCP sockets",
            Stability.UNSTABLE,
            "reporter");
  }

  GaugeFamily.Series sockets(Direction direction) {
    return sockets.series(direction.reporter());
  }

  /// The series of one connection, looked up once.
  final class Series {
    private final String[] labels;
    private final CounterFamily.Series received;
    private final CounterFamily.Series sent;

    Series(Facts facts) {
      labels = labels(facts);
      received = TrafficMetrics.this.received.series(labels);
      sent = TrafficMetrics.this.sent.series(labels);
      opened.series(labels).increment();
    }

    /// @param downstream bytes from the client's side
    /// @param upstream bytes from the server's side
    void add(long downstream, long upstream) {
      received.add(downstream);
      sent.add(upstream);
    }

    void closed(Outcome outcome) {
      String[] flagged = labels;
      if (outcome instanceof Outcome.Failed fault) {
        flagged = Arrays.copyOf(labels, labels.length);
        flagged[FLAGS] = fault.flag().text();
        failed.series(flagged).increment();
      }
      closed.series(flagged).increment();
    }
  }

  static String[] labels(Facts facts) {
    String[] labels = new String[LABELS.length];
    labels[0] = facts.direction().reporter();
    facts.source().fill(labels, SOURCE);
    var service = facts.service();
    labels[SERVICE] = Party.label(service == null ? "" : service.hostname());
    labels[SERVICE + 1] = Party.label(service == null ? "" : service.namespace());
    labels[SERVICE + 2] = Party.label(service == null ? "" : service.name());
    facts.destination().fill(labels, DESTINATION);
    labels[FLAGS - 1] = "tcp";
    labels[FLAGS] = ResponseFlag.NONE.text();
    labels[FLAGS + 1] = facts.mutualTls() ? "mutual_tls" : "unknown";
    locality(labels, facts.source(), facts.destination());
    return labels;
  }

  /// All four or none: an empty label is left out of the text.
  private static void locality(String[] labels, Party source, Party destination) {
    String[] values = {
      source.region(), source.zone(), destination.region(), destination.zone(),
    };
    boolean known = !String.join("", values).isEmpty();
    for (int i = 0; i < values.length; i++) {
      labels[FLAGS + 2 + i] = known ? Party.label(values[i]) : "";
    }
  }

  static String[] labelNames() {
    return LABELS.clone();
  }
}
