package adit.source;

import adit.source.StatusWriter.Condition;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;

/// A `conditions` list of a status. What is of other types stays as it is.
public final class ConditionList {
  private static final String SINCE = "lastTransitionTime";

  private ConditionList() {}

  /// Sets conditions in `owner.conditions`. The time of one whose `status` stays the same stays.
  public static void put(ObjectNode owner, Collection<Condition> conditions, Instant now) {
    ArrayNode list =
        owner.path("conditions") instanceof ArrayNode present
            ? present
            : owner.putArray("conditions");
    conditions.forEach(condition -> put(list, condition, now));
  }

  private static void put(ArrayNode list, Condition condition, Instant now) {
    ObjectNode next =
        Json.object()
            .put("type", condition.type())
            .put("status", condition.status() ? "True" : "False")
            .put("reason", condition.reason())
            .put("message", condition.message())
            .put("observedGeneration", condition.observedGeneration())
            .put(SINCE, now.truncatedTo(ChronoUnit.SECONDS).toString());
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).path("type").asText().equals(condition.type())) {
        if (list.get(i).path("status").equals(next.path("status")) && list.get(i).has(SINCE)) {
          next.set(SINCE, list.get(i).path(SINCE));
        }
        list.set(i, next);
        return;
      }
    }
    list.add(next);
  }
}
