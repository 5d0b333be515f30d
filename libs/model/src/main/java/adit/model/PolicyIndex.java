package adit.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Policies by key and by the namespace that they hold for. Immutable.
final class PolicyIndex {
  static final PolicyIndex EMPTY = new PolicyIndex(PersistentMap.empty(), PersistentMap.empty());

  /// Where global policies stand; no namespace is empty.
  private static final String EVERYWHERE = "";

  private final PersistentMap<String, Policy> byKey;
  private final PersistentMap<String, PolicyHome> byNamespace;

  private PolicyIndex(
      PersistentMap<String, Policy> byKey, PersistentMap<String, PolicyHome> byNamespace) {
    this.byKey = byKey;
    this.byNamespace = byNamespace;
  }

  @Nullable Policy byKeyOrNull(String key) {
    return byKey.get(key);
  }

  Collection<Policy> all() {
    return byKey.values();
  }

  List<Policy> selecting(Workload workload) {
    List<Policy> selected = new ArrayList<>(home(workload.namespace()).all());
    selected.addAll(home(EVERYWHERE).all());
    selected.addAll(listed(workload));
    return selected;
  }

  PolicyCandidates candidates(Workload workload, List<Trait> traits) {
    PolicyHome own = home(workload.namespace());
    PolicyHome global = home(EVERYWHERE);
    Map<String, Policy> found = new LinkedHashMap<>();
    own.find(traits, found);
    global.find(traits, found);
    int allows = own.allows() + global.allows();
    int dryRunAllows = own.dryRunAllows() + global.dryRunAllows();
    for (Policy policy : listed(workload)) {
      found.put(policy.key(), policy);
      if (PolicyCandidates.isAllow(policy)) {
        allows += policy.dryRun() ? 0 : 1;
        dryRunAllows += policy.dryRun() ? 1 : 0;
      }
    }
    return new PolicyCandidates(List.copyOf(found.values()), allows > 0, dryRunAllows > 0);
  }

  /// Others that a workload lists are in their scope's home already, if they select it at all.
  private List<Policy> listed(Workload workload) {
    List<Policy> listed = new ArrayList<>(workload.authorizationPolicies().size());
    for (String key : workload.authorizationPolicies()) {
      Policy policy = byKey.get(key);
      if (policy != null && policy.scope() == Policy.Scope.WORKLOAD_SELECTOR) {
        listed.add(policy);
      }
    }
    return listed;
  }

  private PolicyHome home(String namespace) {
    return byNamespace.getOrDefault(namespace, PolicyHome.EMPTY);
  }

  PolicyIndex with(List<Policy> changed, List<String> removed) {
    PolicyIndex next = this;
    for (Policy policy : changed) {
      next = next.minus(policy.key()).plus(policy);
    }
    for (String key : removed) {
      next = next.minus(key);
    }
    return next;
  }

  private PolicyIndex plus(Policy policy) {
    String namespace = homeOrNull(policy);
    return new PolicyIndex(
        byKey.plus(policy.key(), policy),
        namespace == null
            ? byNamespace
            : byNamespace.plus(namespace, home(namespace).plus(policy)));
  }

  private PolicyIndex minus(String key) {
    Policy old = byKey.get(key);
    if (old == null) {
      return this;
    }
    PersistentMap<String, PolicyHome> homes = byNamespace;
    String namespace = homeOrNull(old);
    if (namespace != null) {
      PolicyHome rest = home(namespace).minus(old);
      homes = rest.byKey().isEmpty() ? homes.minus(namespace) : homes.plus(namespace, rest);
    }
    return new PolicyIndex(byKey.minus(key), homes);
  }

  private static @Nullable String homeOrNull(Policy policy) {
    return switch (policy.scope()) {
      case GLOBAL -> EVERYWHERE;
      case NAMESPACE -> policy.namespace();
      case WORKLOAD_SELECTOR -> null;
    };
  }
}
