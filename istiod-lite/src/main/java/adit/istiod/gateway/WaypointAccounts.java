package adit.istiod.gateway;

import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Pod;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Service accounts that waypoints run under: what is made for a gateway, and whatever pods say
/// that they are instances of it.
public final class WaypointAccounts {
  private static final String ACCOUNT = "gateway.istio.io/service-account";

  private WaypointAccounts() {}

  /// Names of accounts by gateway; they live in the gateway's namespace.
  public static Map<ObjectKey, Set<String>> of(ClusterView view) {
    Map<ObjectKey, Set<String>> accounts = new HashMap<>();
    for (Gateway gateway : view.gateways().values()) {
      String named = gateway.meta().annotation(ACCOUNT);
      Set<String> own = new TreeSet<>();
      own.add(named.isEmpty() ? MeshGateways.nameOf(gateway.meta()) : named);
      accounts.put(gateway.key(), own);
    }
    if (accounts.isEmpty()) {
      return accounts;
    }
    for (Pod pod : view.pods().values()) {
      String name = pod.meta().label(Waypoints.GATEWAY_NAME);
      if (!name.isEmpty()) {
        Set<String> own = accounts.get(ObjectKey.of(Kind.GATEWAY, pod.meta().namespace(), name));
        if (own != null) {
          own.add(pod.spec().serviceAccount());
        }
      }
    }
    return accounts;
  }
}
