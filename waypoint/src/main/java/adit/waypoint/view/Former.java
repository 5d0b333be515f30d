package adit.waypoint.view;

import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.model.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// What this waypoint served until a short while ago. Proxies of the nodes hear of a change one
/// after the other; until the last has heard, clients still arrive for what has left. They are
/// served: what is authorized at the workloads does not depend on it. Immutable.
///
/// @param until the time of the clock at which the last client is let in, by service
///   (`namespace/hostname`) and by workload (uid)
public record Former(PMap<String, Long> until) {
  /// As long as a proxy may take to hear of it.
  static final Duration GRACE = Duration.ofSeconds(30);

  static final Former NOTHING = new Former(HashTreePMap.empty());

  /// Whether a service that is not served any more still is for clients who have not heard.
  public boolean has(NamespacedHostname service, long now) {
    return isWithin(service.toString(), now);
  }

  /// Whether a workload still is.
  public boolean has(Workload workload, long now) {
    return isWithin(workload.uid(), now);
  }

  private boolean isWithin(String name, long now) {
    Long end = until.get(name);
    return end != null && end - now > 0;
  }

  /// After a change of the mesh.
  ///
  /// @param now of a clock that does not go back, in nanoseconds
  Former after(Bindings bindings, MeshView before, MeshChange change, MeshView after, long now) {
    Side was = new Side(bindings, before, bindings.selfOrNull(before));
    Side is = new Side(bindings, after, bindings.selfOrNull(after));
    boolean moved = !was.belonging().equals(is.belonging());
    List<String> left = new ArrayList<>();
    for (Service one : moved ? before.services() : change.services()) {
      if (was.serves(one.key()) && is.passesBy(one.key())) {
        left.add(one.key().toString());
      }
    }
    for (Workload one : moved ? before.workloads() : change.workloads()) {
      if (was.serves(one.uid()) && is.passesBy(one.uid())) {
        left.add(one.uid());
      }
    }
    return new Former(without(now).plusAll(ending(left, now + GRACE.toNanos())));
  }

  private PMap<String, Long> without(long now) {
    return until.minusAll(
        until.entrySet().stream()
            .filter(one -> one.getValue() - now <= 0)
            .map(Map.Entry::getKey)
            .toList());
  }

  private static Map<String, Long> ending(List<String> names, long end) {
    return names.stream().collect(Collectors.toMap(name -> name, _ -> end));
  }

  /// The mesh before or after a change.
  private record Side(Bindings bindings, MeshView mesh, @Nullable Workload self) {
    boolean serves(NamespacedHostname key) {
      Service service = mesh.service(key);
      return service != null && bindings.serves(mesh, self, service);
    }

    boolean passesBy(NamespacedHostname key) {
      return mesh.service(key) != null && !serves(key);
    }

    boolean serves(String uid) {
      Workload workload = mesh.workloadByUid(uid);
      return workload != null && bindings.serves(mesh, self, workload);
    }

    boolean passesBy(String uid) {
      return mesh.workloadByUid(uid) != null && !serves(uid);
    }

    /// What of our own workload decides what is served.
    List<Object> belonging() {
      return self == null ? List.of() : List.of(self.namespace(), self.services().keySet());
    }
  }
}
