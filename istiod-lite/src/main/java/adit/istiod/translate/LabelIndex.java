package adit.istiod.translate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds which selectors of a namespace select given labels, without asking each of them: every
/// selector is filed under one of its labels.
///
/// @param <T> what is found; results are in the order of adding
final class LabelIndex<T> {
  private final Map<Shelf, List<Entry<T>>> entries = new HashMap<>();
  private int added;

  private record Entry<T>(int order, Map<String, String> selector, T value) {}

  /// @param label null: a selector without labels, which selects everything
  private record Shelf(String namespace, Map.@Nullable Entry<String, String> label) {}

  void add(String namespace, Map<String, String> selector, T value) {
    // The smallest label, so that the choice does not depend on the order of a hash map.
    Map.@Nullable Entry<String, String> label =
        selector.entrySet().stream().min(Map.Entry.comparingByKey()).orElse(null);
    entries
        .computeIfAbsent(
            new Shelf(
                namespace, label == null ? null : Map.entry(label.getKey(), label.getValue())),
            _ -> new ArrayList<>())
        .add(new Entry<>(added++, selector, value));
  }

  List<T> matching(String namespace, Map<String, String> labels) {
    if (entries.isEmpty()) {
      return List.of();
    }
    List<Entry<T>> found =
        new ArrayList<>(entries.getOrDefault(new Shelf(namespace, null), List.of()));
    for (Map.Entry<String, String> label : labels.entrySet()) {
      for (Entry<T> entry : entries.getOrDefault(new Shelf(namespace, label), List.of())) {
        if (labels.entrySet().containsAll(entry.selector().entrySet())) {
          found.add(entry);
        }
      }
    }
    found.sort(Comparator.comparingInt(Entry::order));
    return found.stream().map(Entry::value).toList();
  }
}
