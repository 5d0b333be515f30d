package adit.telemetry;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The series of one family by label values. Bounded, because some values come from peers: what is
/// over the bound is counted together in one series whose labels all read `overflow`.
final class SeriesMap<S> {
  private static final int MAX_SERIES = 50_000;
  private static final int MAX_VALUE_CHARS = 512;
  private static final String OVERFLOW = "overflow";

  private final String[] labels;
  private final Supplier<S> factory;
  private final Map<List<String>, S> series = new ConcurrentHashMap<>();
  private final Map<Map<String, String>, S> others = new ConcurrentHashMap<>();

  SeriesMap(String[] labels, Supplier<S> factory) {
    this.labels = labels.clone();
    this.factory = factory;
    if (labels.length == 0) {
      series.put(List.of(), factory.get());
    }
  }

  S of(String... values) {
    if (values.length != labels.length) {
      throw new IllegalArgumentException(
          "label values: "
              + Arrays.toString(values)
              + " (expected: one for each of "
              + Arrays.toString(labels)
              + ")");
    }
    String[] bounded = values.clone();
    for (int i = 0; i < bounded.length; i++) {
      if (bounded[i].length() > MAX_VALUE_CHARS) {
        bounded[i] = bounded[i].substring(0, MAX_VALUE_CHARS);
      }
    }
    List<String> key = List.of(bounded);
    S found = series.get(key);
    if (found != null) {
      return found;
    }
    if (size() >= MAX_SERIES) {
      Arrays.fill(bounded, OVERFLOW);
      key = List.of(bounded);
    }
    return series.computeIfAbsent(key, _ -> factory.get());
  }

  /// The series with labels of its own: some of the family's, some others. What is over the bound
  /// is counted in the family's series for that.
  S with(Map<String, String> own) {
    Map<String, String> said = new TreeMap<>();
    own.forEach((label, value) -> {
      if (!value.isEmpty()) {
        said.put(label, value.substring(0, Math.min(MAX_VALUE_CHARS, value.length())));
      }
    });
    if (Set.of(labels).containsAll(said.keySet())) {
      String[] values = new String[labels.length];
      Arrays.setAll(values, i -> said.getOrDefault(labels[i], ""));
      return of(values);
    }
    S found = others.get(said);
    if (found != null) {
      return found;
    }
    if (size() >= MAX_SERIES) {
      String[] values = new String[labels.length];
      Arrays.fill(values, OVERFLOW);
      return of(values);
    }
    return others.computeIfAbsent(Map.copyOf(said), _ -> factory.get());
  }

  int size() {
    return series.size() + others.size();
  }

  /// Each series with its labels. An empty value is left out: it says the same as no label.
  <P> Stream<P> points(BiFunction<Labels, S, P> point) {
    return Stream.concat(
        series.entrySet().stream()
            .map(entry -> point.apply(labels(entry.getKey()), entry.getValue())),
        others.entrySet().stream()
            .map(entry -> point.apply(labels(entry.getKey()), entry.getValue())));
  }

  private static Labels labels(Map<String, String> own) {
    var builder = Labels.builder();
    own.forEach(builder::label);
    return builder.build();
  }

  private Labels labels(List<String> values) {
    var builder = Labels.builder();
    for (int i = 0; i < labels.length; i++) {
      if (!values.get(i).isEmpty()) {
        builder.label(labels[i], values.get(i));
      }
    }
    return builder.build();
  }
}
