package adit.istiod.gateway;

import adit.source.StatusWriter.Condition;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import org.jspecify.annotations.Nullable;

/// What a bound object's owner is told: the condition `istio.io/WaypointBound`.
public final class BindingCondition {
  private static final String TYPE = "istio.io/WaypointBound";
  private static final String INGRESS = "istio.io/ingress-use-waypoint";

  private BindingCondition() {}

  /// The condition, or null if nothing was asked for.
  ///
  /// @param namespace of the object, for what it inherits
  public static @Nullable Condition ofOrNull(
      Binding binding, ObjectMeta meta, @Nullable Namespace namespace) {
    Binding.Failure failure = binding.failure();
    if (failure != null) {
      return condition(meta, /* bound= */ false, failure.reason(), failure.message());
    }
    Waypoint waypoint = binding.waypoint();
    if (waypoint == null) {
      return null;
    }
    StringBuilder message =
        new StringBuilder("Successfully attached to waypoint ").append(waypoint.name());
    String ingress = ingressLabel(meta, namespace);
    if (isTrue(ingress)) {
      message.append(". Ingress traffic will traverse the waypoint");
    } else if (!ingress.isEmpty()) {
      message.append(". Ingress traffic will not: label ").append(INGRESS).append(" is not true");
    }
    if (!binding.canaryFailure().isEmpty()) {
      message.append(". Canary waypoint not attached: ").append(binding.canaryFailure());
    }
    return condition(meta, /* bound= */ true, "WaypointAccepted", message.toString());
  }

  private static Condition condition(
      ObjectMeta meta, boolean bound, String reason, String message) {
    return new Condition(TYPE, bound, reason, message, meta.generation());
  }

  /// Whether ingress gateways send through the waypoint: the object's label, else its namespace's.
  public static boolean isIngressThroughWaypoint(ObjectMeta meta, @Nullable Namespace namespace) {
    return isTrue(ingressLabel(meta, namespace));
  }

  private static String ingressLabel(ObjectMeta meta, @Nullable Namespace namespace) {
    String own = meta.label(INGRESS);
    return own.isEmpty() && namespace != null ? namespace.meta().label(INGRESS) : own;
  }

  /// As Go reads booleans.
  private static boolean isTrue(String label) {
    return switch (label) {
      case "1", "t", "T", "true", "True", "TRUE" -> true;
      default -> false;
    };
  }
}
