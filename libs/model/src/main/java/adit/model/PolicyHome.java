package adit.model;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The policies of one scope (the mesh, or a namespace), findable by what they need of a
/// connection. Immutable. Ten thousand policies that cannot match cost a handful of map lookups.
///
/// @param byTrait each policy under every trait of [Trait#needed(Policy)]
/// @param allows number of enforced ALLOW policies
/// @param dryRunAllows number of ALLOW policies in dry run
record PolicyHome(
    PersistentMap<String, Policy> byKey,
    PersistentMap<Trait, PersistentMap<String, Policy>> byTrait,
    int allows,
    int dryRunAllows) {
  static final PolicyHome EMPTY =
      new PolicyHome(PersistentMap.empty(), PersistentMap.empty(), 0, 0);

  Collection<Policy> all() {
    return byKey.values();
  }

  /// Adds to `found` (by key) what may match a connection with these traits.
  void find(List<Trait> traits, Map<String, Policy> found) {
    if (byKey.isEmpty()) {
      return;
    }
    for (Trait trait : traits) {
      PersistentMap<String, Policy> needing = byTrait.get(trait);
      if (needing != null) {
        needing.forEach(found::put);
      }
    }
  }

  PolicyHome plus(Policy policy) {
    PersistentMap<Trait, PersistentMap<String, Policy>> traits = byTrait;
    for (Trait trait : Trait.needed(policy)) {
      PersistentMap<String, Policy> old = traits.getOrDefault(trait, PersistentMap.empty());
      traits = traits.plus(trait, old.plus(policy.key(), policy));
    }
    return counted(byKey.plus(policy.key(), policy), traits, policy, 1);
  }

  /// Without `policy`, which must be here.
  PolicyHome minus(Policy policy) {
    PersistentMap<Trait, PersistentMap<String, Policy>> traits = byTrait;
    Set<Trait> needed = Trait.needed(policy);
    for (Trait trait : needed) {
      @Nullable PersistentMap<String, Policy> old = traits.get(trait);
      if (old != null) {
        PersistentMap<String, Policy> rest = old.minus(policy.key());
        traits = rest.isEmpty() ? traits.minus(trait) : traits.plus(trait, rest);
      }
    }
    return counted(byKey.minus(policy.key()), traits, policy, -1);
  }

  private PolicyHome counted(
      PersistentMap<String, Policy> keys,
      PersistentMap<Trait, PersistentMap<String, Policy>> traits,
      Policy policy,
      int difference) {
    int one = PolicyCandidates.isAllow(policy) ? difference : 0;
    return new PolicyHome(
        keys,
        traits,
        allows + (policy.dryRun() ? 0 : one),
        dryRunAllows + (policy.dryRun() ? one : 0));
  }
}
