package adit.model;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The endpoints of one service, healthy or not. Immutable; a changed set shares with the old one.
public final class EndpointSet {
  /// No endpoint.
  public static final EndpointSet EMPTY = new EndpointSet(PersistentMap.empty());

  private final PersistentMap<String, Endpoint> byUid;
  // Made at the first choice after a change. Racy on purpose: every thread makes an equal list.
  private @Nullable List<Endpoint> list;

  private EndpointSet(PersistentMap<String, Endpoint> byUid) {
    this.byUid = byUid;
  }

  /// All of them, in a stable order.
  public List<Endpoint> all() {
    List<Endpoint> seen = list;
    if (seen == null) {
      seen = List.copyOf(byUid.values());
      list = seen;
    }
    return seen;
  }

  /// Number of endpoints.
  public int size() {
    return byUid.size();
  }

  /// The endpoint of the workload `uid`, or null.
  public @Nullable Endpoint byUidOrNull(String uid) {
    return byUid.get(uid);
  }

  EndpointSet with(Collection<String> gone, Map<String, Endpoint> changed) {
    PersistentMap<String, Endpoint> next = byUid.minusAll(gone).plusAll(changed);
    return next.isEmpty() ? EMPTY : new EndpointSet(next);
  }
}
