package adit.telemetry;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.Collectors;

/// A value that goes up and down, with labels. Safe on every thread.
public final class GaugeFamily {
  private final MetricMetadata metadata;
  private final SeriesMap<Series> series;

  GaugeFamily(MetricMetadata metadata, String... labels) {
    this.metadata = metadata;
    this.series = new SeriesMap<>(labels, Series::new);
  }

  /// The series with these label values, in the order of the family's labels.
  public Series series(String... labelValues) {
    return series.of(labelValues);
  }

  Collector collector() {
    return () ->
        new GaugeSnapshot(
            metadata,
            series
                .points((labels, s) -> new GaugeDataPointSnapshot(s.value(), labels, null))
                .collect(Collectors.toList()));
  }

  /// One line of a gauge.
  public static final class Series {
    private final DoubleAdder changes = new DoubleAdder();
    private volatile double base;

    private Series() {}

    /// Replaces the value. Not to be mixed with [#add] from other threads.
    public void set(double value) {
      changes.reset();
      base = value;
    }

    public void add(double change) {
      changes.add(change);
    }

    public double value() {
      return base + changes.sum();
    }
  }
}
