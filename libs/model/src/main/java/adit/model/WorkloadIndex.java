package adit.model;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePVector;

/// Workloads by key, by address and by name. Immutable.
final class WorkloadIndex {
  static final WorkloadIndex EMPTY =
      new WorkloadIndex(PersistentMap.empty(), PersistentMap.empty(), PersistentMap.empty());

  private record PodName(String namespace, String name) {}

  private final PersistentMap<String, Workload> byUid;
  private final PersistentMap<NetworkAddress, TreePVector<Workload>> byAddress;
  private final PersistentMap<PodName, TreePVector<Workload>> byName;

  private WorkloadIndex(
      PersistentMap<String, Workload> byUid,
      PersistentMap<NetworkAddress, TreePVector<Workload>> byAddress,
      PersistentMap<PodName, TreePVector<Workload>> byName) {
    this.byUid = byUid;
    this.byAddress = byAddress;
    this.byName = byName;
  }

  @Nullable Workload byUidOrNull(String uid) {
    return byUid.get(uid);
  }

  @Nullable Workload byAddressOrNull(NetworkAddress address) {
    List<Workload> owners = byAddress.get(address);
    if (owners == null) {
      return null;
    }
    Workload best = owners.getFirst();
    for (Workload owner : owners) {
      if (rank(owner) > rank(best)) {
        best = owner;
      }
    }
    return best;
  }

  private static int rank(Workload workload) {
    int pod = workload.uid().contains("//Pod/") ? 2 : 0;
    int hbone = workload.protocol() == Workload.TunnelProtocol.HBONE ? 1 : 0;
    return pod + hbone;
  }

  List<Workload> named(String namespace, String name) {
    List<Workload> found = byName.get(new PodName(namespace, name));
    return found == null ? List.of() : found;
  }

  Collection<Workload> all() {
    return byUid.values();
  }

  WorkloadIndex with(List<Workload> changed, List<String> removed) {
    WorkloadIndex next = this;
    for (Workload workload : changed) {
      next = next.minus(workload.uid()).plus(workload);
    }
    for (String uid : removed) {
      next = next.minus(uid);
    }
    return next;
  }

  private WorkloadIndex plus(Workload workload) {
    PersistentMap<NetworkAddress, TreePVector<Workload>> addresses = byAddress;
    if (!workload.hostNetwork()) {
      for (InetAddress ip : workload.addresses()) {
        addresses = added(addresses, new NetworkAddress(workload.network(), ip), workload);
      }
    }
    PodName name = new PodName(workload.namespace(), workload.name());
    return new WorkloadIndex(
        byUid.plus(workload.uid(), workload), addresses, added(byName, name, workload));
  }

  private WorkloadIndex minus(String uid) {
    Workload old = byUid.get(uid);
    if (old == null) {
      return this;
    }
    PersistentMap<NetworkAddress, TreePVector<Workload>> addresses = byAddress;
    if (!old.hostNetwork()) {
      for (InetAddress ip : old.addresses()) {
        addresses = dropped(addresses, new NetworkAddress(old.network(), ip), old);
      }
    }
    PodName name = new PodName(old.namespace(), old.name());
    return new WorkloadIndex(byUid.minus(uid), addresses, dropped(byName, name, old));
  }

  private static <K> PersistentMap<K, TreePVector<Workload>> added(
      PersistentMap<K, TreePVector<Workload>> map, K key, Workload workload) {
    TreePVector<Workload> old = map.get(key);
    return map.plus(
        key, old == null ? TreePVector.singleton(workload) : old.minus(workload).plus(workload));
  }

  private static <K> PersistentMap<K, TreePVector<Workload>> dropped(
      PersistentMap<K, TreePVector<Workload>> map, K key, Workload workload) {
    TreePVector<Workload> old = map.get(key);
    if (old == null) {
      return map;
    }
    TreePVector<Workload> rest = old.minus(workload);
    return rest.isEmpty() ? map.minus(key) : map.plus(key, rest);
  }
}
