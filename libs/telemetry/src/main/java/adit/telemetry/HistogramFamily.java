package adit.telemetry;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// How often a value fell below each of a few bounds, with labels. Safe on every thread.
public final class HistogramFamily {
  private final MetricMetadata metadata;
  private final double[] upperBounds;
  private final SeriesMap<Series> series;

  HistogramFamily(MetricMetadata metadata, double[] bounds, String... labels) {
    this.metadata = metadata;
    this.upperBounds = Arrays.copyOf(bounds, bounds.length + 1);
    upperBounds[bounds.length] = Double.POSITIVE_INFINITY;
    this.series = new SeriesMap<>(labels, () -> new Series(upperBounds));
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
    return () ->
        new HistogramSnapshot(metadata, series.points(this::point).collect(Collectors.toList()));
  }

  private HistogramDataPointSnapshot point(Labels labels, Series one) {
    Number[] counts = Stream.of(one.counts).map(LongAdder::sum).toArray(Number[]::new);
    return new HistogramDataPointSnapshot(
        ClassicHistogramBuckets.of(upperBounds, counts),
        one.sum.sum(),
        labels,
        Exemplars.EMPTY,
        0L);
  }

  /// One set of buckets.
  public static final class Series {
    private final double[] upperBounds;
    private final LongAdder[] counts;
    private final DoubleAdder sum = new DoubleAdder();

    private Series(double[] upperBounds) {
      this.upperBounds = upperBounds;
      this.counts =
          Stream.generate(LongAdder::new).limit(upperBounds.length).toArray(LongAdder[]::new);
    }

    /// Counts a value; durations are in seconds.
    public void observe(double value) {
      int bucket = 0;
      while (value > upperBounds[bucket]) {
        bucket++;
      }
      counts[bucket].increment();
      sum.add(value);
    }
  }
}
