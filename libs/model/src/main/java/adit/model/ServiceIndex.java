package adit.model;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePVector;

/// Services by key, hostname and address, and their endpoints. Immutable.
final class ServiceIndex {
  static final ServiceIndex EMPTY =
      new ServiceIndex(
          PersistentMap.empty(),
          PersistentMap.empty(),
          PersistentMap.empty(),
          TreePVector.empty(),
          PersistentMap.empty());

  private final PersistentMap<NamespacedHostname, Service> byKey;
  private final PersistentMap<String, TreePVector<Service>> byHostname;
  private final PersistentMap<NetworkAddress, TreePVector<Service>> byVip;
  private final TreePVector<Service> withRanges;
  private final PersistentMap<NamespacedHostname, EndpointSet> endpoints;

  private ServiceIndex(
      PersistentMap<NamespacedHostname, Service> byKey,
      PersistentMap<String, TreePVector<Service>> byHostname,
      PersistentMap<NetworkAddress, TreePVector<Service>> byVip,
      TreePVector<Service> withRanges,
      PersistentMap<NamespacedHostname, EndpointSet> endpoints) {
    this.byKey = byKey;
    this.byHostname = byHostname;
    this.byVip = byVip;
    this.withRanges = withRanges;
    this.endpoints = endpoints;
  }

  @Nullable Service byKeyOrNull(NamespacedHostname key) {
    return byKey.get(key);
  }

  @Nullable Service byHostnameOrNull(String hostname, String clientNamespace) {
    return best(byHostname.get(hostname), clientNamespace);
  }

  @Nullable Service byVipOrNull(NetworkAddress address, String clientNamespace) {
    Service exact = best(byVip.get(address), clientNamespace);
    return exact != null ? exact : bestRange(address, clientNamespace);
  }

  /// The client's namespace wins, then the canonical one (the last of several), then the first.
  private static @Nullable Service best(@Nullable List<Service> candidates, String namespace) {
    if (candidates == null) {
      return null;
    }
    Service first = null;
    Service canonical = null;
    for (Service candidate : candidates) {
      if (!candidate.visibleTo(namespace)) {
        continue;
      }
      if (candidate.namespace().equals(namespace)) {
        return candidate;
      }
      first = first == null ? candidate : first;
      canonical = candidate.canonical() ? candidate : canonical;
    }
    return canonical != null ? canonical : first;
  }

  /// The client's namespace wins, then the longer prefix, then the canonical one.
  private @Nullable Service bestRange(NetworkAddress address, String namespace) {
    Service best = null;
    long bestRank = -1;
    for (Service service : withRanges) {
      if (!service.visibleTo(namespace)) {
        continue;
      }
      for (Service.CidrVip range : service.cidrVips()) {
        if (range.network().equals(address.network()) && range.cidr().contains(address.ip())) {
          long rank =
              (service.namespace().equals(namespace) ? 1_000L : 0)
                  + range.cidr().length() * 2L
                  + (service.canonical() ? 1 : 0);
          if (rank > bestRank) {
            best = service;
            bestRank = rank;
          }
        }
      }
    }
    return best;
  }

  EndpointSet endpoints(NamespacedHostname key) {
    return endpoints.getOrDefault(key, EndpointSet.EMPTY);
  }

  Collection<Service> all() {
    return byKey.values();
  }

  Collection<NamespacedHostname> staged() {
    return endpoints.keySet().stream().filter(key -> !byKey.containsKey(key)).toList();
  }

  ServiceIndex withServices(List<Service> changed, List<NamespacedHostname> removed) {
    ServiceIndex next = this;
    for (Service service : changed) {
      next = next.minus(service.key()).plus(service);
    }
    for (NamespacedHostname key : removed) {
      next = next.minus(key);
    }
    return next;
  }

  ServiceIndex withEndpoints(Map<NamespacedHostname, EndpointChange> changes) {
    PersistentMap<NamespacedHostname, EndpointSet> next = endpoints;
    for (Map.Entry<NamespacedHostname, EndpointChange> change : changes.entrySet()) {
      EndpointSet set =
          endpoints(change.getKey()).with(change.getValue().gone(), change.getValue().changed());
      next = set.size() == 0 ? next.minus(change.getKey()) : next.plus(change.getKey(), set);
    }
    return new ServiceIndex(byKey, byHostname, byVip, withRanges, next);
  }

  private ServiceIndex plus(Service service) {
    PersistentMap<NetworkAddress, TreePVector<Service>> vips = byVip;
    for (NetworkAddress vip : service.vips()) {
      vips = added(vips, vip, service);
    }
    return new ServiceIndex(
        byKey.plus(service.key(), service),
        added(byHostname, service.hostname(), service),
        vips,
        service.cidrVips().isEmpty() ? withRanges : withRanges.plus(service),
        endpoints);
  }

  private ServiceIndex minus(NamespacedHostname key) {
    Service old = byKey.get(key);
    if (old == null) {
      return this;
    }
    PersistentMap<NetworkAddress, TreePVector<Service>> vips = byVip;
    for (NetworkAddress vip : old.vips()) {
      vips = dropped(vips, vip, old);
    }
    return new ServiceIndex(
        byKey.minus(key),
        dropped(byHostname, old.hostname(), old),
        vips,
        old.cidrVips().isEmpty() ? withRanges : withRanges.minus(old),
        endpoints);
  }

  private static <K> PersistentMap<K, TreePVector<Service>> added(
      PersistentMap<K, TreePVector<Service>> map, K key, Service service) {
    TreePVector<Service> old = map.get(key);
    return map.plus(key, old == null ? TreePVector.singleton(service) : old.plus(service));
  }

  private static <K> PersistentMap<K, TreePVector<Service>> dropped(
      PersistentMap<K, TreePVector<Service>> map, K key, Service service) {
    TreePVector<Service> old = map.get(key);
    if (old == null) {
      return map;
    }
    TreePVector<Service> rest = old.minus(service);
    return rest.isEmpty() ? map.minus(key) : map.plus(key, rest);
  }
}
