package adit.telemetry;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/// The metrics of a program under Istio's names, and their text. Safe on every thread.
///
/// Families without a sample do not appear. The text is OpenMetrics whatever was asked for; only
/// the content type follows the `Accept` header, as in the reference.
public final class Metrics {
  private static final String OPEN_METRICS = "application/openmetrics-text";

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final OpenMetricsTextFormatWriter writer =
      OpenMetricsTextFormatWriter.builder().setCreatedTimestampsEnabled(false).build();

  /// A counter; `_total` is added to the name in the text.
  ///
  /// @param name without `_total`, for example `istio_tcp_connections_opened`
  public CounterFamily counter(String name, String help, Stability stability, String... labels) {
    CounterFamily family = CounterFamily.suffixed(metadata(name, help, stability), labels);
    registry.register(family.collector());
    return family;
  }

  /// A counter whose name stands in the text as it is: some of istiod's have no `_total`. Its type
  /// reads `unknown`, because OpenMetrics counters must have the suffix.
  public CounterFamily bareCounter(
      String name, String help, Stability stability, String... labels) {
    CounterFamily family = CounterFamily.bare(metadata(name, help, stability), labels);
    registry.register(family.collector());
    return family;
  }

  /// A gauge that the program sets.
  public GaugeFamily gauge(String name, String help, Stability stability, String... labels) {
    GaugeFamily family = new GaugeFamily(metadata(name, help, stability), labels);
    registry.register(family.collector());
    return family;
  }

  /// A gauge without labels that is read when the text is made; NaN leaves it out.
  public void gaugeOf(String name, String help, Stability stability, DoubleSupplier value) {
    MetricMetadata metadata = metadata(name, help, stability);
    registry.register(() -> {
      double now = value.getAsDouble();
      return new GaugeSnapshot(
          metadata,
          Double.isNaN(now)
              ? List.of()
              : List.of(new GaugeDataPointSnapshot(now, Labels.EMPTY, null)));
    });
  }

  /// A histogram.
  ///
  /// @param upperBounds ascending, without infinity
  public HistogramFamily histogram(
      String name, String help, Stability stability, double[] upperBounds, String... labels) {
    HistogramFamily family =
        new HistogramFamily(metadata(name, help, stability), upperBounds, labels);
    registry.register(family.collector());
    return family;
  }

  /// Adds `process_open_fds` and `process_max_fds`.
  public void addProcessDescriptors() {
    gaugeOf(
        "process_open_fds",
        "Number of open file descriptors",
        Stability.CORE,
        ProcessDescriptors::open);
    gaugeOf(
        "process_max_fds",
        "Maximum number of open file descriptors",
        Stability.CORE,
        ProcessDescriptors::limit);
  }

  /// All metrics as OpenMetrics text, ending with `# EOF`.
  public byte[] text() {
    var out = new ByteArrayOutputStream(16 << 10);
    try {
      writer.write(out, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /// The answer of `/metrics` and `/stats/prometheus`.
  public AdminRoute route() {
    return request -> AdminResponse.of(200, contentType(request.headerOrNull("accept")), text());
  }

  static String contentType(@Nullable String accept) {
    if (accept != null) {
      for (String item : accept.split(",", 64)) {
        String type = item.split(";", 2)[0].strip();
        if (type.equalsIgnoreCase(OPEN_METRICS)) {
          return OPEN_METRICS + ";charset=utf-8;version=1.0.0";
        }
      }
    }
    return "text/plain; charset=utf-8";
  }

  private static MetricMetadata metadata(String name, String help, Stability stability) {
    return new MetricMetadata(name, stability.help(help));
  }
}
