package adit.source;

import adit.source.StatusWriter.Condition;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;

/// The conditions that an object has, by type.
record PresentConditions(Map<String, JsonNode> byType) {
  static PresentConditions of(JsonNode object) {
    Map<String, JsonNode> byType = new HashMap<>();
    object
        .path("status")
        .path("conditions")
        .forEach(condition -> byType.put(condition.path("type").asText(), condition));
    return new PresentConditions(byType);
  }

  /// Whether a condition is there, but for its time.
  boolean hold(Condition condition) {
    JsonNode present = byType.get(condition.type());
    return present != null
        && present.path("status").asText().equals(status(condition))
        && present.path("reason").asText().equals(condition.reason())
        && present.path("message").asText().equals(condition.message())
        && present.path("observedGeneration").asLong() == condition.observedGeneration();
  }

  /// A condition to be written: its time is that of the last change of `status`.
  ObjectNode json(Condition condition, Instant now) {
    return Json.object()
        .put("type", condition.type())
        .put("status", status(condition))
        .put("reason", condition.reason())
        .put("message", condition.message())
        .put("observedGeneration", condition.observedGeneration())
        .put("lastTransitionTime", since(condition, now));
  }

  private String since(Condition condition, Instant now) {
    JsonNode present = byType.get(condition.type());
    return present != null
            && present.path("status").asText().equals(status(condition))
            && present.path("lastTransitionTime").isTextual()
        ? present.path("lastTransitionTime").asText()
        : now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String status(Condition condition) {
    return condition.status() ? "True" : "False";
  }
}
