package adit.telemetry;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot.UnknownDataPointSnapshot;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/// A counter with labels. Look a series up once, for example per connection, and keep it: adding to
/// it is then one uncontended addition. Safe on every thread.
public final class CounterFamily {
  private final MetricMetadata metadata;
  private final SeriesMap<Series> series;
  private final Collector collector;

  private CounterFamily(MetricMetadata metadata, String[] labels, boolean bare) {
    this.metadata = metadata;
    this.series = new SeriesMap<>(labels, Series::new);
    this.collector = bare ? this::bareSnapshot : this::snapshot;
  }

  static CounterFamily suffixed(MetricMetadata metadata, String... labels) {
    return new CounterFamily(metadata, labels, /* bare= */ false);
  }

  static CounterFamily bare(MetricMetadata metadata, String... labels) {
    return new CounterFamily(metadata, labels, /* bare= */ true);
  }

  /// The series with these label values, in the order of the family's labels.
  public Series series(String... labelValues) {
    return series.of(labelValues);
  }

  /// The series with labels of its own: some of the family's, and others. Empty values are no
  /// labels.
  ///
  /// @param labels names that Prometheus allows, to their values
  public Series seriesWith(Map<String, String> labels) {
    return series.with(labels);
  }

  Collector collector() {
    return collector;
  }

  private MetricSnapshot snapshot() {
    List<CounterDataPointSnapshot> points =
        series
            .points((labels, s) -> new CounterDataPointSnapshot(s.value(), labels, null, 0L))
            .collect(Collectors.toList());
    return new CounterSnapshot(metadata, points);
  }

  private MetricSnapshot bareSnapshot() {
    List<UnknownDataPointSnapshot> points =
        series
            .points((labels, s) -> new UnknownDataPointSnapshot(s.value(), labels, null))
            .collect(Collectors.toList());
    return new UnknownSnapshot(metadata, points);
  }

  /// One line of a counter.
  public static final class Series {
    private final LongAdder count = new LongAdder();

    private Series() {}

    public void increment() {
      count.increment();
    }

    /// @param amount not negative
    public void add(long amount) {
      count.add(amount);
    }

    public long value() {
      return count.sum();
    }
  }
}
