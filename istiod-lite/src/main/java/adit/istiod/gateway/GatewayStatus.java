package adit.istiod.gateway;

import adit.source.ConditionList;
import adit.source.StatusChange;
import adit.source.StatusWriter.Condition;
import adit.source.object.Gateway.Address;
import adit.source.object.Gateway.RouteKind;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/// The status of a Gateway (gateway.networking.k8s.io).
///
/// @param conditions `Accepted`, `Programmed`
/// @param addresses where it is reached; empty: what stands there stays, because a waypoint that
///   was reached once is not given up for a fault that may pass
/// @param listeners one for each of the spec; others are removed
public record GatewayStatus(
    List<Condition> conditions, List<Address> addresses, List<Listener> listeners)
    implements StatusChange {
  public GatewayStatus {
    conditions = List.copyOf(conditions);
    addresses = List.copyOf(addresses);
    listeners = List.copyOf(listeners);
  }

  /// The status of a listener.
  ///
  /// @param name its name
  /// @param kinds `supportedKinds`
  /// @param attachedRoutes how many routes it serves
  /// @param conditions `Accepted`, `Programmed`, `Conflicted`, `ResolvedRefs`
  public record Listener(
      String name, List<RouteKind> kinds, int attachedRoutes, List<Condition> conditions) {
    public Listener {
      kinds = List.copyOf(kinds);
      conditions = List.copyOf(conditions);
    }
  }

  @Override
  public void apply(ObjectNode status, Instant now) {
    ConditionList.put(status, conditions, now);
    if (!addresses.isEmpty()) {
      ArrayNode list = status.putArray("addresses");
      addresses.forEach(
          address -> list.addObject().put("type", address.type()).put("value", address.value()));
    }
    JsonNode before = status.path("listeners").deepCopy();
    ArrayNode list = status.putArray("listeners");
    for (Listener listener : listeners) {
      ObjectNode one = list.addObject().put("name", listener.name());
      for (JsonNode known : before) {
        if (known.path("name").asText().equals(listener.name())
            && known.path("conditions") instanceof ArrayNode conditionsBefore) {
          one.set("conditions", conditionsBefore);
        }
      }
      ArrayNode kinds = one.putArray("supportedKinds");
      listener
          .kinds()
          .forEach(kind -> kinds.addObject().put("group", kind.group()).put("kind", kind.kind()));
      one.put("attachedRoutes", listener.attachedRoutes());
      ConditionList.put(one, listener.conditions(), now);
    }
  }
}
