package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.admit.OrderTrap;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import adit.source.object.Service;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A service whose workloads refuse its waypoint: the order trap, layer-4 policies first and the
/// waypoint second.
///
/// @param policies the ALLOW policies that hold for its workloads, none of which lets the waypoint
///   in
record Trapped(Service service, List<AuthorizationPolicy> policies) {
  private static final String USE_NAMESPACE = "istio.io/use-waypoint-namespace";
  private static final String ACCOUNT = "gateway.istio.io/service-account";
  private static final String NAME = "gateway.istio.io/name-override";
  private static final Set<String> NOT_SERVICES = Set.of("workload", "none");

  Trapped {
    policies = List.copyOf(policies);
  }

  /// Those of a waypoint.
  ///
  /// @param namespace of the waypoint
  /// @param name of the waypoint, which need not be there yet
  /// @param traffic what it serves, as it is about to be declared; null: as it is
  /// @param enrolled whether its namespace's services use it, whatever the namespace says now
  static List<Trapped> by(
      ClusterView view,
      OrderTrap.Mesh mesh,
      String namespace,
      String name,
      @Nullable String traffic,
      boolean enrolled) {
    Gateway gateway = view.gateways().get(ObjectKey.of(Kind.GATEWAY, namespace, name));
    String serves =
        traffic == null && gateway != null ? gateway.meta().label(WaypointObject.FOR) : traffic;
    if (serves != null && NOT_SERVICES.contains(serves)) {
      return List.of();
    }
    OrderTrap trap = new OrderTrap(view, mesh);
    Set<String> accounts = Set.of(account(gateway, name));
    List<Trapped> trapped = new ArrayList<>();
    for (Service service : view.services().values()) {
      if (uses(view, service, namespace, name, enrolled)) {
        List<AuthorizationPolicy> refusing = trap.of(service, namespace, accounts);
        if (!refusing.isEmpty()) {
          trapped.add(new Trapped(service, refusing));
        }
      }
    }
    trapped.sort(Comparator.comparing(one -> one.service().key()));
    return trapped;
  }

  /// The account that a waypoint runs under.
  static String account(@Nullable Gateway gateway, String name) {
    if (gateway == null) {
      return name;
    }
    String own = gateway.meta().annotation(ACCOUNT);
    String called = gateway.meta().annotation(NAME);
    return own.isEmpty() ? called.isEmpty() ? name : called : own;
  }

  private static boolean uses(
      ClusterView view, Service service, String namespace, String name, boolean enrolled) {
    ObjectMeta meta = service.meta();
    boolean waypoints =
        !meta.label("gateway.istio.io/managed").isEmpty() || service.type().equals("ExternalName");
    if (waypoints) {
      return false;
    }
    if (!meta.label(WaypointObject.USE).isEmpty()) {
      return names(meta, meta.namespace(), namespace, name);
    }
    if (enrolled && meta.namespace().equals(namespace)) {
      return true;
    }
    var own = view.namespaceOrNull(meta.namespace());
    return own != null && names(own.meta(), meta.namespace(), namespace, name);
  }

  private static boolean names(ObjectMeta asker, String own, String namespace, String name) {
    String within = asker.label(USE_NAMESPACE);
    return asker.label(WaypointObject.USE).equals(name)
        && (within.isEmpty() ? own : within).equals(namespace);
  }

  /// One line.
  String sentence() {
    return service.key()
        + ": "
        + String.join(", ", policies.stream().map(policy -> policy.key().toString()).toList());
  }
}
