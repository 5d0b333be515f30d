package adit.perf.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The samples of one proxy, by metric. For one thread.
public final class Figures {
  private final Map<String, List<Double>> samples = new LinkedHashMap<>();

  /// Adds a sample.
  public void add(String metric, double value) {
    samples.computeIfAbsent(metric, _ -> new ArrayList<>()).add(value);
  }

  /// The median of each metric for each proxy, and the ratio of the first two.
  public static String table(Map<String, Figures> figures, List<String> names) {
    StringBuilder table = new StringBuilder("\nmedian of each\n");
    Figures first = figures.getOrDefault(names.getFirst(), new Figures());
    for (String metric : first.samples.keySet()) {
      table.append(String.format(Locale.ROOT, "%-48s", metric));
      for (String name : names) {
        table.append(
            String.format(Locale.ROOT, "  %s %.2f", name, median(figures.get(name), metric)));
      }
      if (names.size() > 1) {
        double peer = median(figures.get(names.get(1)), metric);
        table.append(String.format(Locale.ROOT, "  ratio %.2f", median(first, metric) / peer));
      }
      table.append('\n');
    }
    return table.toString();
  }

  private static double median(@Nullable Figures of, String metric) {
    List<Double> values = of == null ? List.of() : of.samples.getOrDefault(metric, List.of());
    if (values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }
}
