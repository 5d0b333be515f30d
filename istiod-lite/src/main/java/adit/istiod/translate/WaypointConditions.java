package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.BindingCondition;
import adit.istiod.gateway.Bindings;
import adit.istiod.gateway.Waypoint;
import adit.istiod.translate.Translated.ConditionReport;
import adit.source.ClusterView;
import adit.source.StatusWriter.Condition;
import adit.source.admit.OrderTrap;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.TargetRef;
import adit.source.object.Configuration;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the owners of objects are told about waypoints. Condition types, reasons and field managers
/// are Istio's.
final class WaypointConditions {
  private static final String SERVICES = "istio-ambient-service";
  private static final String WORKLOADS = "istio-ambient-workloadentry";
  private static final String POLICIES = "istio-ambient-waypoint-policy";
  private static final String MISSING = "istio.io/WaypointMissing";
  private static final String STRATEGY = "istio.io/connect-strategy";
  private static final Set<String> USUAL_STRATEGIES = Set.of("", "DEFAULT");

  private final ClusterView view;
  private final MeshSettings mesh;
  private final Names names;
  private final Bindings bindings;
  private final Map<ObjectKey, Set<String>> accounts;
  private final List<ConditionReport> reports = new ArrayList<>();

  /// @param accounts of waypoints, by gateway
  WaypointConditions(
      ClusterView view,
      MeshSettings mesh,
      Bindings bindings,
      Map<ObjectKey, Set<String>> accounts) {
    this.accounts = accounts;
    this.view = view;
    this.mesh = mesh;
    this.names = new Names(mesh);
    this.bindings = bindings;
  }

  List<ConditionReport> all() {
    for (Service service : view.services().values()) {
      if (!service.type().equals("ExternalName")) {
        Binding binding = of(service);
        bound(service, binding, SERVICES);
        admitted(service, binding);
      }
    }
    for (ServiceEntry entry : view.serviceEntries().values()) {
      if (mesh.isOurs(entry.meta())) {
        entry(entry);
      }
    }
    for (WorkloadEntry entry : view.workloadEntries().values()) {
      if (mesh.isOurs(entry.meta())) {
        bound(entry, bindings.ofWorkload(entry.meta()), WORKLOADS);
      }
    }
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      targets(policy, policy.targets());
    }
    for (Kind kind : List.of(Kind.REQUEST_AUTHENTICATION, Kind.RATE_LIMIT, Kind.TELEMETRY)) {
      for (Configuration policy : view.configurations(kind).values()) {
        targets(policy, refs(policy));
      }
    }
    return List.copyOf(reports);
  }

  /// Whether the policies of the workloads let the waypoint through.
  private void admitted(Service service, Binding binding) {
    Waypoint waypoint = binding.waypoint();
    if (waypoint == null) {
      return;
    }
    String namespace = waypoint.gateway().namespace();
    Set<String> own = accounts.getOrDefault(waypoint.gateway(), Set.of());
    OrderTrap.Mesh identities =
        new OrderTrap.Mesh(mesh.trustDomain(), mesh.rootNamespace(), mesh.revision());
    List<AuthorizationPolicy> refusing =
        new OrderTrap(view, identities).of(service, namespace, own);
    if (refusing.isEmpty()) {
      return;
    }
    String policies =
        String.join(", ", refusing.stream().map(policy -> policy.key().toString()).toList());
    report(
        service,
        "adit-waypoint",
        new Condition(
            "adit.io/WaypointAdmitted",
            false,
            "WaypointRefused",
            policies
                + ": allows clients, but what arrives at the workloads is waypoint "
                + waypoint.name()
                + ", so that every request through it is refused. Attach the policy to the service"
                + " by targetRefs, or allow "
                + String.join(
                    ", ",
                    own.stream().map(account -> identities.principal(namespace, account)).toList()),
            service.meta().generation()),
        "WaypointRefused");
  }

  private void targets(KubeObject policy, List<TargetRef> targets) {
    if (mesh.isOurs(policy.meta()) && !targets.isEmpty()) {
      Condition condition =
          new PolicyTargets(view, mesh, this::bindingOrNull).condition(policy.meta(), targets);
      report(policy, POLICIES, condition, "PolicyNotEnforced");
    }
  }

  private static List<TargetRef> refs(Configuration policy) {
    List<TargetRef> refs = new ArrayList<>();
    policy.spec().path("targetRefs").forEach(ref -> refs.add(ref(ref)));
    if (policy.spec().path("targetRef").isObject()) {
      refs.add(ref(policy.spec().path("targetRef")));
    }
    return refs;
  }

  private static TargetRef ref(JsonNode ref) {
    return new TargetRef(
        ref.path("group").asText(""),
        ref.path("kind").asText(""),
        ref.path("namespace").asText(""),
        ref.path("name").asText(""));
  }

  private Binding of(Service service) {
    return bindings.ofService(service.meta(), Set.of(names.hostname(service.key())));
  }

  private Binding of(ServiceEntry entry) {
    return bindings.ofService(entry.meta(), new HashSet<>(entry.hosts()));
  }

  /// The binding of an object that a policy names; null if there is no such object.
  private @Nullable Binding bindingOrNull(@Nullable KubeObject target) {
    return switch (target) {
      case Service service -> of(service);
      case ServiceEntry entry -> of(entry);
      case null, default -> null;
    };
  }

  private void bound(KubeObject object, Binding binding, String fieldManager) {
    Condition condition =
        BindingCondition.ofOrNull(
            binding, object.meta(), view.namespaceOrNull(object.meta().namespace()));
    if (condition != null) {
      report(object, fieldManager, condition, "WaypointNotBound");
    }
  }

  private void entry(ServiceEntry entry) {
    Binding binding = of(entry);
    bound(entry, binding, SERVICES);
    if (binding.waypoint() != null) {
      return;
    }
    String strategy = entry.meta().annotation(STRATEGY);
    String wildcard =
        entry.hosts().stream().filter(host -> host.startsWith("*")).findFirst().orElse("");
    if (!wildcard.isEmpty()) {
      missing(
          entry,
          "NoWaypointForWildcardService",
          "host " + wildcard + " needs a waypoint, which resolves the names that it stands for");
    } else if (!USUAL_STRATEGIES.contains(strategy)) {
      missing(
          entry,
          "NoWaypointForRacingConnectStrategy",
          STRATEGY + ": " + strategy + " needs a waypoint, without one it has no effect");
    }
  }

  private void missing(ServiceEntry entry, String reason, String message) {
    reports.add(
        new ConditionReport(
            entry.key(),
            SERVICES,
            new Condition(MISSING, /* status= */ true, reason, message, entry.meta().generation()),
            "WaypointMissing"));
  }

  private void report(KubeObject object, String fieldManager, Condition condition, String event) {
    reports.add(
        new ConditionReport(
            object.key(), fieldManager, condition, condition.status() ? "" : event));
  }
}
