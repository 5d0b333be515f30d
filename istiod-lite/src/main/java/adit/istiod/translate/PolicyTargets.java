package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.Waypoint;
import adit.source.ClusterView;
import adit.source.StatusWriter.Condition;
import adit.source.object.AuthorizationPolicy.TargetRef;
import adit.source.object.GatewayClass;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Which waypoints enforce a policy with `targetRefs`: the condition `WaypointAccepted`.
///
/// @param binding of a Service or ServiceEntry; null for anything else
record PolicyTargets(
    ClusterView view,
    MeshSettings mesh,
    Function<@Nullable KubeObject, @Nullable Binding> binding) {
  private static final String TYPE = "WaypointAccepted";
  private static final String CONTROLLER = "istio.io/mesh-controller";

  /// What became of one target.
  private record Outcome(TargetRef target, String namespace, String reason, String message) {
    boolean bound() {
      return reason.equals("Accepted");
    }

    String text() {
      return target.kind()
          + (target.group().isEmpty() ? "" : "." + target.group())
          + ":"
          + namespace
          + "/"
          + target.name();
    }
  }

  /// @param policy its metadata
  /// @param targets at least one
  Condition condition(ObjectMeta policy, List<TargetRef> targets) {
    List<Outcome> outcomes = targets.stream().map(target -> outcome(policy, target)).toList();
    List<Outcome> bound = outcomes.stream().filter(Outcome::bound).toList();
    List<Outcome> failed = outcomes.stream().filter(one -> !one.bound()).toList();
    if (bound.isEmpty() || failed.isEmpty()) {
      Outcome first = outcomes.getFirst();
      return condition(policy, !bound.isEmpty(), first.reason(), messages(outcomes));
    }
    List<String> names = failed.stream().map(Outcome::text).toList();
    return condition(
        policy,
        /* status= */ true,
        "PartiallyInvalid",
        "Invalid targetRefs: " + String.join(", ", names));
  }

  private static String messages(List<Outcome> outcomes) {
    return String.join("; ", outcomes.stream().map(Outcome::message).distinct().toList());
  }

  private static Condition condition(
      ObjectMeta policy, boolean status, String reason, String message) {
    return new Condition(TYPE, status, reason, message, policy.generation());
  }

  private Outcome outcome(ObjectMeta policy, TargetRef target) {
    String own = policy.namespace();
    if (!target.namespace().isEmpty() && !target.namespace().equals(own)) {
      return new Outcome(
          target,
          target.namespace(),
          "Invalid",
          "targetRef namespace " + target.namespace() + " is not the policy's, " + own);
    }
    Kind kind = Kind.ofOrNull(target.group(), target.kind());
    return switch (kind) {
      case SERVICE, SERVICE_ENTRY -> service(target, ObjectKey.of(kind, own, target.name()));
      case GATEWAY -> gateway(target, ObjectKey.of(kind, own, target.name()));
      case GATEWAY_CLASS -> gatewayClass(own, target);
      case null, default ->
          new Outcome(
              target,
              own,
              "Invalid",
              "targetRef "
                  + target.kind()
                  + (target.group().isEmpty() ? "" : "." + target.group())
                  + " is not supported (expected: Service, ServiceEntry, Gateway or GatewayClass)");
    };
  }

  private Outcome service(TargetRef target, ObjectKey key) {
    Binding found = binding.apply(view.objectOrNull(key));
    if (found == null) {
      return new Outcome(target, key.namespace(), "TargetNotFound", key + " was not found");
    }
    Waypoint waypoint = found.waypoint();
    if (waypoint != null) {
      return new Outcome(target, key.namespace(), "Accepted", "bound to " + waypoint.name());
    }
    Binding.Failure failure = found.failure();
    return new Outcome(
        target,
        key.namespace(),
        "AncestorNotBound",
        key + " is not bound to a waypoint" + (failure == null ? "" : ": " + failure.message()));
  }

  private Outcome gateway(TargetRef target, ObjectKey key) {
    KubeObject gateway = view.objectOrNull(key);
    return gateway == null
        ? new Outcome(target, key.namespace(), "TargetNotFound", key + " was not found")
        : new Outcome(
            target, key.namespace(), "Accepted", "bound to " + key.namespace() + "/" + key.name());
  }

  private Outcome gatewayClass(String own, TargetRef target) {
    if (!own.equals(mesh.rootNamespace())) {
      return new Outcome(
          target,
          own,
          "Invalid",
          "a GatewayClass may be a target in the root namespace " + mesh.rootNamespace() + " only");
    }
    GatewayClass found =
        view.gatewayClasses().get(ObjectKey.of(Kind.GATEWAY_CLASS, "", target.name()));
    if (found == null) {
      return new Outcome(
          target, own, "TargetNotFound", "GatewayClass " + target.name() + " was not found");
    }
    return found.controllerName().equals(CONTROLLER)
        ? new Outcome(target, own, "Accepted", "bound to GatewayClass " + target.name())
        : new Outcome(
            target,
            own,
            "Invalid",
            "GatewayClass "
                + target.name()
                + " is served by "
                + found.controllerName()
                + " (expected: "
                + CONTROLLER
                + ")");
  }
}
