package adit.xds;

import adit.protos.discovery.Resource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What leads from one set of resources to another. Made once per push and shared by all clients
/// that hold the same set, which is nearly all of them.
record Difference(
    Map<String, ResourceVersion> from,
    Map<String, ResourceVersion> to,
    List<Resource> changed,
    List<String> removed) {

  /// The latest difference of each type. Confined to the server's executor.
  @SuppressWarnings("ReferenceEquality") // the same maps, not equal ones: that is the cheap part
  static final class Latest {
    private @Nullable Difference latest;
    private @Nullable Difference kept;
    private Map<String, ResourceVersion> keeping = Map.of();
    private @Nullable Map<String, ResourceVersion> indexed;
    private Map<String, List<String>> aliases = Map.of();
    private Map<String, List<String>> groups = Map.of();

    Difference between(Map<String, ResourceVersion> from, Map<String, ResourceVersion> to) {
      Difference known = latest;
      if (known == null || known.from != from || known.to != to) {
        known = of(from, to);
        latest = known;
      }
      return known;
    }

    /// What a difference leads to, with what it would remove.
    Map<String, ResourceVersion> keeping(Difference difference) {
      Difference known = kept;
      if (known == null || known.from != difference.from || known.to != difference.to) {
        Map<String, ResourceVersion> all = new HashMap<>(difference.to);
        difference.removed.forEach(
            name -> all.put(name, Objects.requireNonNull(difference.from.get(name))));
        keeping = Map.copyOf(all);
        kept = difference;
      }
      return keeping;
    }

    /// The resources that have `alias` in `of`.
    List<String> aliased(Map<String, ResourceVersion> of, String alias) {
      index(of);
      return aliases.getOrDefault(alias, List.of());
    }

    /// The resources that belong to `group` in `of`.
    List<String> members(Map<String, ResourceVersion> of, String group) {
      index(of);
      return groups.getOrDefault(group, List.of());
    }

    private void index(Map<String, ResourceVersion> of) {
      if (indexed == of) {
        return;
      }
      aliases = byEach(of, ResourceVersion::aliases);
      groups = byEach(of, ResourceVersion::groups);
      indexed = of;
    }

    private static Map<String, List<String>> byEach(
        Map<String, ResourceVersion> of, Function<ResourceVersion, List<String>> keys) {
      Map<String, List<String>> names = new HashMap<>();
      of.forEach((name, version) -> {
        for (String key : keys.apply(version)) {
          names.computeIfAbsent(key, _ -> new ArrayList<>(1)).add(name);
        }
      });
      return names;
    }
  }

  @SuppressWarnings(
      "ReferenceEquality") // nearly all are the same instances; the others are compared
  private static Difference of(Map<String, ResourceVersion> from, Map<String, ResourceVersion> to) {
    List<Resource> changed = new ArrayList<>();
    int known = 0;
    for (Map.Entry<String, ResourceVersion> entry : to.entrySet()) {
      ResourceVersion held = from.get(entry.getKey());
      ResourceVersion version = entry.getValue();
      if (held != null) {
        known++;
      }
      if (held == null || (held != version && !held.version().equals(version.version()))) {
        changed.add(resource(entry.getKey(), version));
      }
    }
    List<String> removed =
        known == from.size()
            ? List.of()
            : from.keySet().stream().filter(name -> !to.containsKey(name)).toList();
    return new Difference(from, to, List.copyOf(changed), removed);
  }

  static Resource resource(String name, ResourceVersion version) {
    return Resource.newBuilder()
        .setName(name)
        .setVersion(version.version())
        .setResource(version.body())
        .build();
  }
}
