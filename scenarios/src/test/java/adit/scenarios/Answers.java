package adit.scenarios;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What a client in a pod has printed about its requests, one after the other.
///
/// @param text `STATUS in TIME ms: BODY` of the sample's client, or `STATUS in TIME s` of curl
record Answers(String text) {
  private static final Pattern STATUS = Pattern.compile("(?m)^(\\d{3}) in ");
  private static final Pattern MILLIS = Pattern.compile("(?m)^\\d{3} in (\\d+) ms");
  private static final Pattern VERSION = Pattern.compile("\"version\":\"(v\\d)\"");

  /// How many had which status. Requests without an answer have none (the sample's client), or
  /// `000` (curl).
  Map<String, Integer> statuses() {
    return counted(STATUS);
  }

  /// How many were from which version of `reviews`.
  Map<String, Integer> versions() {
    return counted(VERSION);
  }

  /// How long those with a status took, by the sample's client.
  List<Integer> millis() {
    return MILLIS.matcher(text).results().map(found -> Integer.valueOf(found.group(1))).toList();
  }

  private Map<String, Integer> counted(Pattern pattern) {
    Map<String, Integer> counts = new TreeMap<>();
    pattern.matcher(text).results().forEach(found -> counts.merge(found.group(1), 1, Integer::sum));
    return counts;
  }
}
