package adit.waypoint.observe;

import adit.l7.Expression;
import adit.l7.Telling;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Labels of one request in each metric, where some metrics are not as they always are.
final class MetricLabels {
  private static final String UNKNOWN = "unknown";

  private final Map<String, Telling.Metric> changed;
  private final Expression.Facts facts;
  private final String[] names;
  private final String[] values;

  /// @param changed metrics, by name
  /// @param facts what values of labels are made of
  /// @param names of the usual labels
  /// @param values of them
  MetricLabels(
      Map<String, Telling.Metric> changed,
      Expression.Facts facts,
      String[] names,
      String[] values) {
    this.changed = changed;
    this.facts = facts;
    this.names = names;
    this.values = values;
  }

  /// A series of a metric; null: it is switched off.
  ///
  /// @param family labels to their series
  <S> @Nullable S inOrNull(String metric, Function<Map<String, String>, S> family) {
    Telling.Metric change = changed.get(metric);
    if (change != null && change.disabled()) {
      return null;
    }
    Map<String, String> labels = new LinkedHashMap<>();
    for (int i = 0; i < names.length; i++) {
      labels.put(names[i], values[i]);
    }
    if (change != null) {
      change
          .tags()
          .forEach((label, value) -> {
            Expression made = value.orElse(null);
            if (made == null) {
              labels.remove(label);
            } else {
              Object text = made.valueOrNull(facts);
              labels.put(label, text == null ? UNKNOWN : text.toString());
            }
          });
    }
    return family.apply(labels);
  }
}
