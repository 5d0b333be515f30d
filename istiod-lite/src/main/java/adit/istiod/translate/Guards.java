package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.Bindings;
import adit.istiod.gateway.Waypoint;
import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.Scope;
import adit.protos.security.StringMatch;
import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.TargetRef;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What keeps a policy with targets from being walked around.
///
/// Such a policy is enforced by a waypoint. Traffic that reaches the workloads behind its target
/// without passing there (by a pod's address, through another service, in plaintext, or because
/// there is no waypoint) is refused by the node's proxies as far as the policy could restrict it: a
/// DENY policy on the target's ports for everybody but the waypoint. Of a DENY policy the sources
/// narrow it; what only layer 7 can see counts as seen.
///
/// A copy of a policy that restricts the workloads themselves needs none: whoever passes by the
/// waypoint meets the original. So a migration towards a waypoint refuses nobody on its way.
final class Guards {
  private static final String NAME = "adit_guard_";

  private final ClusterView view;
  private final MeshSettings mesh;
  private final Names names;
  private final Bindings bindings;
  private final Map<ObjectKey, Set<String>> accounts;
  private final Map<String, Authorization> policies = new HashMap<>();
  private final Map<ObjectKey, List<String>> keys = new HashMap<>();

  /// @param accounts of waypoints, by gateway
  Guards(
      ClusterView view,
      MeshSettings mesh,
      Bindings bindings,
      Map<ObjectKey, Set<String>> accounts) {
    this.view = view;
    this.mesh = mesh;
    this.names = new Names(mesh);
    this.bindings = bindings;
    this.accounts = accounts;
    Map<ObjectKey, Binding> bound = bound();
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      if (restricts(policy)) {
        for (ObjectKey target : targets(policy, bound)) {
          if (!isRestrictedByItsOriginal(policy, target)) {
            guard(policy, target, bound.getOrDefault(target, Binding.NONE));
          }
        }
      }
    }
  }

  /// The policies, by resource name.
  Map<String, Authorization> policies() {
    return policies;
  }

  /// What the workloads behind a Service or ServiceEntry have to list.
  List<String> keys(KubeObject target) {
    return keys.getOrDefault(target.key(), List.of());
  }

  private boolean restricts(AuthorizationPolicy policy) {
    return !policy.targets().isEmpty()
        && mesh.isOurs(policy.meta())
        && !policy.meta().annotation("istio.io/dry-run").equals("true")
        && switch (policy.action()) {
          case ALLOW, DENY, CUSTOM -> true;
          case AUDIT -> false;
        };
  }

  private Map<ObjectKey, Binding> bound() {
    boolean any = view.authorizationPolicies().values().stream().anyMatch(this::restricts);
    Map<ObjectKey, Binding> bound = new HashMap<>();
    if (any) {
      for (Service service : view.services().values()) {
        bound.put(
            service.key(),
            bindings.ofService(service.meta(), Set.of(names.hostname(service.key()))));
      }
      for (ServiceEntry entry : view.serviceEntries().values()) {
        bound.put(entry.key(), bindings.ofService(entry.meta(), new HashSet<>(entry.hosts())));
      }
    }
    return bound;
  }

  /// The services and entries that a policy concerns.
  private Set<ObjectKey> targets(AuthorizationPolicy policy, Map<ObjectKey, Binding> bound) {
    Set<ObjectKey> targets = new TreeSet<>();
    String own = policy.meta().namespace();
    for (TargetRef ref : policy.targets()) {
      Kind kind = Kind.ofOrNull(ref.group(), ref.kind());
      switch (kind) {
        case SERVICE, SERVICE_ENTRY -> targets.add(ObjectKey.of(kind, own, ref.name()));
        case GATEWAY -> {
          String gateway = own + "/" + ref.name();
          bound.forEach((key, binding) -> {
            if (binding.wanted().equals(gateway)) {
              targets.add(key);
            }
          });
        }
        case GATEWAY_CLASS -> {
          if (own.equals(mesh.rootNamespace())) {
            bound.forEach((key, binding) -> {
              Waypoint waypoint = binding.waypoint();
              if (waypoint != null && waypoint.className().equals(ref.name())) {
                targets.add(key);
              }
            });
          }
        }
        case null, default -> {}
      }
    }
    targets.removeIf(key -> view.objectOrNull(key) == null);
    return targets;
  }

  /// Whether all workloads of the target have the ALLOW policy that this one says it is a copy of.
  private boolean isRestrictedByItsOriginal(AuthorizationPolicy policy, ObjectKey target) {
    String name = policy.meta().annotation(AuthorizationPolicy.COPY_OF);
    int slash = name.indexOf('/');
    if (slash < 0
        || policy.action() != AuthorizationPolicy.Action.ALLOW
        || !(view.objectOrNull(target) instanceof Service service)) {
      return false;
    }
    var key =
        ObjectKey.of(
            Kind.AUTHORIZATION_POLICY, name.substring(0, slash), name.substring(slash + 1));
    return view.objectOrNull(key) instanceof AuthorizationPolicy original
        && original.targets().isEmpty()
        && original.action() == AuthorizationPolicy.Action.ALLOW
        && mesh.isOurs(original.meta())
        && !original.meta().annotation("istio.io/dry-run").equals("true")
        && selectsAll(original, service);
  }

  private boolean selectsAll(AuthorizationPolicy policy, Service service) {
    boolean same = policy.meta().namespace().equals(service.meta().namespace());
    Map<String, String> selector = policy.selector();
    return selector == null
        ? same || policy.meta().namespace().equals(mesh.rootNamespace())
        : same && service.selector().entrySet().containsAll(selector.entrySet());
  }

  private void guard(AuthorizationPolicy policy, ObjectKey target, Binding binding) {
    String name = NAME + policy.meta().name() + "_" + target.kind().plural() + "_" + target.name();
    Authorization.Builder wire =
        Authorization.newBuilder()
            .setNamespace(target.namespace())
            .setName(name)
            .setScope(Scope.WORKLOAD_SELECTOR)
            .setAction(Action.DENY);
    List<Clause> common = new ArrayList<>();
    Match.Builder others = Match.newBuilder();
    waypointPrincipals(binding)
        .forEach(
            principal -> others.addNotPrincipals(StringMatch.newBuilder().setExact(principal)));
    if (others.getNotPrincipalsCount() > 0) {
      common.add(Clause.newBuilder().addMatches(others).build());
    }
    Set<Integer> ports = ports(target);
    if (!ports.isEmpty()) {
      common.add(
          Clause.newBuilder().addMatches(Match.newBuilder().addAllDestinationPorts(ports)).build());
    }
    if (policy.action() == AuthorizationPolicy.Action.ALLOW) {
      wire.addRules(Rule.newBuilder().addAllClauses(common));
    } else {
      PolicyTranslation.sources(policy)
          .forEach(clauses ->
              wire.addRules(Rule.newBuilder().addAllClauses(common).addAllClauses(clauses)));
    }
    String key = target.namespace() + "/" + name;
    policies.put(key, wire.build());
    keys.computeIfAbsent(target, _ -> new ArrayList<>()).add(key);
  }

  private List<String> waypointPrincipals(Binding binding) {
    List<Waypoint> through = new ArrayList<>();
    if (binding.waypoint() != null) {
      through.add(binding.waypoint());
    }
    if (binding.canary() != null) {
      through.add(binding.canary().waypoint());
    }
    List<String> principals = new ArrayList<>();
    for (Waypoint waypoint : through) {
      ObjectKey gateway = waypoint.gateway();
      for (String account : accounts.getOrDefault(gateway, Set.of())) {
        principals.add(mesh.trustDomain() + "/ns/" + gateway.namespace() + "/sa/" + account);
      }
    }
    return principals;
  }

  /// Ports of the workloads; empty (all of them) if a name stands for one.
  private Set<Integer> ports(ObjectKey target) {
    Set<Integer> ports = new TreeSet<>();
    switch (view.objectOrNull(target)) {
      case Service service -> {
        for (Service.Port port : service.ports()) {
          if (port.target() instanceof PortRef.Numbered(int number)) {
            ports.add(number);
          } else {
            return Set.of();
          }
        }
      }
      case ServiceEntry entry ->
          entry
              .ports()
              .forEach(
                  port -> ports.add(port.targetPort() == 0 ? port.number() : port.targetPort()));
      case null, default -> {}
    }
    return ports;
  }
}
