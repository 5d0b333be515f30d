package adit.l7;

import adit.model.NamespacedHostname;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// Policies of one kind, by what they are attached to. Immutable.
///
/// @param <T> the kind
public final class Attached<T> {
  private final Function<T, String> key;
  private final Function<T, List<Target>> targets;
  private final PMap<String, T> all;
  private final Map<Target, List<T>> byTarget;

  private Attached(
      Function<T, String> key, Function<T, List<Target>> targets, PMap<String, T> all) {
    this.key = key;
    this.targets = targets;
    this.all = all;
    this.byTarget = new HashMap<>();
    for (T one : all.values()) {
      for (Target target : targets.apply(one)) {
        byTarget.computeIfAbsent(target, _ -> new ArrayList<>(1)).add(one);
      }
    }
  }

  /// None.
  ///
  /// @param key name of a policy
  /// @param targets what it is attached to
  public static <T> Attached<T> none(Function<T, String> key, Function<T, List<Target>> targets) {
    return new Attached<>(key, targets, HashTreePMap.empty());
  }

  /// These after a change.
  public Attached<T> with(Collection<T> changed, Collection<String> removed) {
    PMap<String, T> next = all.minusAll(removed);
    for (T one : changed) {
      next = next.plus(key.apply(one), one);
    }
    return new Attached<>(key, targets, next);
  }

  /// Whether there is one of this name.
  public boolean has(String name) {
    return all.containsKey(name);
  }

  /// Those that hold for traffic to a service at a waypoint.
  ///
  /// @param service null: to a workload itself
  /// @param gateway `namespace/name`
  public List<T> at(@Nullable NamespacedHostname service, String gateway, String gatewayClass) {
    if (all.isEmpty()) {
      return List.of();
    }
    Set<T> found = new LinkedHashSet<>();
    if (service != null) {
      found.addAll(byTarget.getOrDefault(new Target.OfService(service), List.of()));
    }
    found.addAll(byTarget.getOrDefault(new Target.OfGateway(gateway), List.of()));
    found.addAll(byTarget.getOrDefault(new Target.OfClass(gatewayClass), List.of()));
    return List.copyOf(found);
  }

  /// Whether there is none at all.
  public boolean isEmpty() {
    return all.isEmpty();
  }

  /// All, in no order.
  public Collection<T> all() {
    return all.values();
  }
}
