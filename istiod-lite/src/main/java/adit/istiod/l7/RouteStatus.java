package adit.istiod.l7;

import adit.source.ConditionList;
import adit.source.StatusChange;
import adit.source.StatusWriter.Condition;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/// `status.parents` of a route: our entries are replaced, those of other controllers stay.
///
/// @param parents one for each `parentRef` that is ours
public record RouteStatus(List<ParentStatus> parents) implements StatusChange {
  /// Who we are in statuses of routes.
  public static final String CONTROLLER = "istio.io/gateway-controller";

  public RouteStatus {
    parents = List.copyOf(parents);
  }

  /// What became of a route at one of its parents.
  ///
  /// @param ref as it is written in the spec
  /// @param conditions `Accepted`, `ResolvedRefs`, ...
  public record ParentStatus(JsonNode ref, List<Condition> conditions) {
    public ParentStatus {
      conditions = List.copyOf(conditions);
    }
  }

  @Override
  public void apply(ObjectNode status, Instant now) {
    JsonNode before = status.path("parents").deepCopy();
    ArrayNode list = status.putArray("parents");
    for (JsonNode entry : before) {
      if (!isOurs(entry)) {
        list.add(entry);
      }
    }
    for (ParentStatus parent : parents) {
      ObjectNode entry = list.addObject().put("controllerName", CONTROLLER);
      entry.set("parentRef", parent.ref().deepCopy());
      for (JsonNode known : before) {
        if (isOurs(known)
            && known.path("parentRef").equals(parent.ref())
            && known.path("conditions") instanceof ArrayNode conditions) {
          entry.set("conditions", conditions);
        }
      }
      ConditionList.put(entry, parent.conditions(), now);
    }
  }

  private static boolean isOurs(JsonNode entry) {
    return entry.path("controllerName").asText().equals(CONTROLLER);
  }
}
