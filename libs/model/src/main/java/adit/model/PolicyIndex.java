package adit.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// Policies by key and by the namespace that they hold for. Immutable.
final class PolicyIndex {
  static final PolicyIndex EMPTY = new PolicyIndex(HashTreePMap.empty(), HashTreePMap.empty());

  /// Where global policies stand; no namespace is empty.
  private static final String EVERYWHERE = "";

  private final PMap<String, Policy> byKey;
  private final PMap<String, PMap<String, Policy>> byNamespace;

  private PolicyIndex(PMap<String, Policy> byKey, PMap<String, PMap<String, Policy>> byNamespace) {
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
    List<Policy> selected = new ArrayList<>(in(workload.namespace()));
    selected.addAll(in(EVERYWHERE));
    for (String key : workload.authorizationPolicies()) {
      Policy listed = byKey.get(key);
      // Others are in the two lists already, if they select this workload at all.
      if (listed != null && listed.scope() == Policy.Scope.WORKLOAD_SELECTOR) {
        selected.add(listed);
      }
    }
    return selected;
  }

  private Collection<Policy> in(String namespace) {
    PMap<String, Policy> found = byNamespace.get(namespace);
    return found == null ? List.of() : found.values();
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
    String namespace = home(policy);
    PMap<String, PMap<String, Policy>> homes = byNamespace;
    if (namespace != null) {
      PMap<String, Policy> old = homes.getOrDefault(namespace, HashTreePMap.empty());
      homes = homes.plus(namespace, old.plus(policy.key(), policy));
    }
    return new PolicyIndex(byKey.plus(policy.key(), policy), homes);
  }

  private PolicyIndex minus(String key) {
    Policy old = byKey.get(key);
    if (old == null) {
      return this;
    }
    PMap<String, PMap<String, Policy>> homes = byNamespace;
    String namespace = home(old);
    if (namespace != null) {
      PMap<String, Policy> rest =
          homes.getOrDefault(namespace, HashTreePMap.<String, Policy>empty()).minus(key);
      homes = rest.isEmpty() ? homes.minus(namespace) : homes.plus(namespace, rest);
    }
    return new PolicyIndex(byKey.minus(key), homes);
  }

  private static @Nullable String home(Policy policy) {
    return switch (policy.scope()) {
      case GLOBAL -> EVERYWHERE;
      case NAMESPACE -> policy.namespace();
      case WORKLOAD_SELECTOR -> null;
    };
  }
}
