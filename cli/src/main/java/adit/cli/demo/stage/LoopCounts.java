package adit.cli.demo.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;

/// What a request loop counted.
///
/// @param mode `new`, `keepalive` or `open`
/// @param requests all
/// @param failed those without a good answer
/// @param failures reasons, as JSON
/// @param p99Micros how long 99 of 100 good ones took at most
public record LoopCounts(String mode, int requests, int failed, String failures, int p99Micros) {
  private static final int LEAST = 5;
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Reads the client's last line.
  public static LoopCounts of(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      return new LoopCounts(
          node.path("mode").asText("?"),
          node.path("requests").asInt(),
          node.path("failed").asInt(),
          node.path("failures").toString(),
          node.path("p99Micros").asInt());
    } catch (JsonProcessingException e) {
      return new LoopCounts("?", 0, 0, line, 0);
    }
  }

  /// Whether none failed, of enough requests to say so.
  public boolean clean() {
    return requests >= LEAST && failed == 0;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %d requests, %d failed%s, p99 %.1f ms",
        switch (mode) {
          case "new" -> "a new connection each";
          case "keepalive" -> "one kept connection";
          case "open" -> "open loop at a fixed rate";
          default -> mode;
        },
        requests,
        failed,
        failed > 0 || requests == 0 ? " " + failures : "",
        p99Micros / 1000.0);
  }
}
