package adit.waypoint.admin;

import adit.identity.CertificateState;
import adit.l7.Backend;
import adit.l7.Route;
import adit.l7.Rule;
import adit.waypoint.view.Snapshot;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;

/// What the waypoint knows, as JSON.
public final class WaypointDump {
  private WaypointDump() {}

  /// The whole.
  public static String text(
      Snapshot snapshot, List<CertificateState> certificates, int connections) {
    ObjectNode dump = JsonNodeFactory.instance.objectNode();
    dump.put("gateway", snapshot.l7().gateway().key());
    dump.put("connections", connections);
    dump.put("workloads", snapshot.mesh().workloads().size());
    dump.put("configured", snapshot.l7().config() != null);
    ArrayNode routes = dump.putArray("routes");
    snapshot.l7().routes().routes().stream()
        .sorted(Comparator.comparing(Route::key))
        .forEach(route -> route(routes.addObject(), route));
    ArrayNode policies = dump.putArray("policies");
    snapshot
        .l7()
        .policies()
        .all()
        .forEach(policy ->
            policies
                .addObject()
                .put("name", policy.key())
                .put("action", policy.action().name())
                .put("dryRun", policy.dryRun())
                .put("rules", policy.rules().size())
                .put("targets", policy.targets().toString()));
    ArrayNode traffic = dump.putArray("trafficPolicies");
    snapshot.l7().traffic().keySet().stream().sorted().forEach(traffic::add);
    ArrayNode known = dump.putArray("certificates");
    certificates.forEach(one ->
        known.addObject().put("identity", one.identity().toString()).put("state", one.toString()));
    return dump.toPrettyString();
  }

  private static void route(ObjectNode json, Route route) {
    json.put("name", route.key()).put("parents", route.parents().toString());
    ArrayNode rules = json.putArray("rules");
    for (Rule rule : route.rules()) {
      ObjectNode one = rules.addObject().put("name", rule.name());
      ArrayNode matches = one.putArray("matches");
      rule.matches().forEach(match -> matches.add(match.toString()));
      switch (rule.action()) {
        case Rule.Action.Forward(var backends) -> {
          ArrayNode to = one.putArray("backends");
          for (Backend backend : backends) {
            to.addObject()
                .put("target", backend.target().toString())
                .put("weight", backend.weight());
          }
        }
        case Rule.Action.Redirect redirect -> one.put("redirect", redirect.toString());
        case Rule.Action.Respond(var status, _) -> one.put("respond", status);
      }
    }
  }
}
