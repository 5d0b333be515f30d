package adit.e2e;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;

/// What a loop of requests counted.
///
/// @param mode `new`, `keepalive` or `open`
/// @param requests sent
/// @param failed of them
/// @param failures by their reasons
/// @param p99Micros of the answered ones
record LoopResult(String mode, long requests, long failed, String failures, long p99Micros) {
  /// Reads the last line of a loop's output.
  static LoopResult of(String output) throws JourneyFailed {
    int start = output.lastIndexOf("{\"mode\"");
    if (start < 0) {
      throw new JourneyFailed("a loop did not end well: " + output.strip());
    }
    try {
      JsonNode tree = new ObjectMapper().readTree(output.substring(start));
      return new LoopResult(
          tree.path("mode").asText(),
          tree.path("requests").asLong(),
          tree.path("failed").asLong(),
          tree.path("failures").toString(),
          tree.path("p99Micros").asLong());
    } catch (JacksonException e) {
      throw new JourneyFailed("a loop's result: " + e.getOriginalMessage());
    }
  }

  /// The result as a sentence.
  ///
  /// @throws JourneyFailed a request failed, or none was sent
  String flawless() throws JourneyFailed {
    if (failed > 0 || requests == 0) {
      throw new JourneyFailed(
          String.format(
              Locale.ROOT, "%s: %d of %d requests failed %s", mode, failed, requests, failures));
    }
    return String.format(
        Locale.ROOT, "%s %d requests, 0 failed, p99 %d ms", mode, requests, p99Micros / 1000);
  }
}
