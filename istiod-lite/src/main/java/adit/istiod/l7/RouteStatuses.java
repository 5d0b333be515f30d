package adit.istiod.l7;

import adit.istiod.l7.RouteParents.Ref;
import adit.source.StatusWriter.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What the owner of a route is told, parent by parent.
///
/// @param waypoint `namespace/name` of the waypoint of a service's key, null if it has none
record RouteStatuses(Function<String, @Nullable String> waypoint) {
  RouteStatus of(ReadRoute route, @Nullable Issue refusal) {
    return new RouteStatus(
        route.refs().stream()
            .map(ref -> new RouteStatus.ParentStatus(ref.ref(), conditions(route, ref, refusal)))
            .toList());
  }

  private List<Condition> conditions(ReadRoute route, Ref ref, @Nullable Issue refusal) {
    long generation = route.object().meta().generation();
    List<Condition> conditions = new ArrayList<>();
    Issue failure = Issue.first(ref.failure(), refusal);
    conditions.add(condition("Accepted", failure, "Accepted", "Route was valid", generation));
    Issue unresolved = route.unresolved().isEmpty() ? null : route.unresolved().getFirst();
    conditions.add(
        condition(
            "ResolvedRefs", unresolved, "ResolvedRefs", "All references resolved", generation));
    if (failure == null && !route.unsupported().isEmpty()) {
      Issue first = route.unsupported().getFirst();
      conditions.add(
          new Condition("PartiallyInvalid", true, first.reason(), first.message(), generation));
    }
    conditions.add(programmed(ref, failure, generation));
    conditions.add(
        new Condition("ResolvedWaypoints", true, "ResolvedWaypoints", resolved(ref), generation));
    return conditions;
  }

  private static Condition condition(
      String type, @Nullable Issue failure, String reason, String message, long generation) {
    return failure == null
        ? new Condition(type, true, reason, message, generation)
        : new Condition(type, false, failure.reason(), failure.message(), generation);
  }

  private Condition programmed(Ref ref, @Nullable Issue failure, long generation) {
    Issue why = failure;
    if (why == null && waypoints(ref).isEmpty()) {
      why =
          new Issue(
              "WaypointMissing",
              "no waypoint serves the parent, so that nobody follows this route");
    }
    return condition(
        "Programmed",
        why,
        "Programmed",
        "Sent to waypoint " + String.join(", ", waypoints(ref)),
        generation);
  }

  private String resolved(Ref ref) {
    if (ref.services().isEmpty()) {
      return "parent not found";
    }
    return waypoints(ref).isEmpty()
        ? "istio.io/use-waypoint label missing from parent and parent namespace; in ambient mode,"
            + " route will not be respected"
        : "All waypoints resolved";
  }

  private List<String> waypoints(Ref ref) {
    List<String> all = new ArrayList<>();
    for (References.Named named : ref.services()) {
      String name = waypoint.apply(named.key());
      if (name != null && !all.contains(name)) {
        all.add(name);
      }
    }
    return all;
  }
}
