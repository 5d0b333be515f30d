package adit.waypoint.authorize;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Changes of a query. Immutable.
///
/// @param set by name; replaces
/// @param removed names
public record QueryEdits(Map<String, String> set, List<String> removed) {
  static final QueryEdits NONE = new QueryEdits(Map.of(), List.of());

  public QueryEdits {
    set = new LinkedHashMap<>(set);
    removed = List.copyOf(removed);
  }

  /// The target with another query. What is not named stays as it is written.
  public String applied(String target) {
    if (set.isEmpty() && removed.isEmpty()) {
      return target;
    }
    int question = target.indexOf('?');
    String path = question < 0 ? target : target.substring(0, question);
    List<String> parts = new ArrayList<>();
    if (question >= 0) {
      for (String part : target.substring(question + 1).split("&", -1)) {
        String name = name(part);
        if (!part.isEmpty() && !set.containsKey(name) && !removed.contains(name)) {
          parts.add(part);
        }
      }
    }
    set.forEach((name, value) -> {
      if (!removed.contains(name)) {
        parts.add(encoded(name) + "=" + encoded(value));
      }
    });
    return parts.isEmpty() ? path : path + "?" + String.join("&", parts);
  }

  private static String name(String part) {
    int equals = part.indexOf('=');
    String name = equals < 0 ? part : part.substring(0, equals);
    try {
      return URLDecoder.decode(name, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return name; // not encoded in any way that we know
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
