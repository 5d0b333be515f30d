package adit.waypoint.balance;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.LoadBalancer;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.TrafficPolicy.Subset;
import adit.l7.WorkloadLabels;
import adit.model.Endpoint;
import adit.model.LoadBalancing;
import adit.model.Service;
import adit.model.Workload;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import adit.waypoint.view.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Finds the endpoints of a group and puts them in tiers. Pure.
///
/// @param own us, from where near is near
/// @param settings of the group
record Grouping(
    Snapshot snapshot, Service service, Endpoints.Group group, Workload own, Settings settings) {
  /// @param load what is known of an endpoint
  List<Tier> tiers(Function<Choice.Endpoint, EndpointLoad> load) {
    boolean placed = Localities.apply(settings) && (saidOrNull() != null || !isPreferring());
    var request = new Balancer.Request(own, own.addresses().getFirst(), group.port(), Set.of());
    List<Picked.One> all = new ArrayList<>();
    for (Choice.Endpoint endpoint :
        placed
            ? Balancer.anywhere(snapshot.mesh(), service, request)
            : Balancer.usable(snapshot.mesh(), service, request)) {
      if (endpoint.ip() != null && isOf(endpoint.workload())) {
        all.add(new Picked.One(endpoint, load.apply(endpoint)));
      }
    }
    if (!placed) {
      return List.of(Tier.of(all, all.size(), 0));
    }
    var places = new Localities(own, saidOrNull(), this::labels);
    Map<String, Integer> shares = places.sharesOrNull();
    return shares == null ? byDistance(all, places) : byShare(all, shares);
  }

  private TrafficPolicy.@Nullable Locality saidOrNull() {
    LoadBalancer balancer = settings.loadBalancer();
    return balancer == null ? null : balancer.locality();
  }

  /// Whether the service itself says what is near.
  private boolean isPreferring() {
    return service.loadBalancing().mode() == LoadBalancing.Mode.FAILOVER;
  }

  private List<Tier> byDistance(List<Picked.One> all, Localities places) {
    Map<Integer, Integer> known = new HashMap<>();
    for (Endpoint one : snapshot.mesh().endpoints(service).all()) {
      if (isOf(one.workload())) {
        known.merge(places.distance(one.workload()), 1, Integer::sum);
      }
    }
    Map<Integer, List<Picked.One>> near = new TreeMap<>();
    for (Picked.One one : all) {
      near.computeIfAbsent(places.distance(one.endpoint().workload()), _ -> new ArrayList<>())
          .add(one);
    }
    List<Tier> tiers = new ArrayList<>();
    near.forEach(
        (distance, some) -> tiers.add(Tier.of(some, known.getOrDefault(distance, some.size()), 0)));
    return tiers;
  }

  /// Places without a share get nothing.
  private static List<Tier> byShare(List<Picked.One> all, Map<String, Integer> shares) {
    Map<String, List<Picked.One>> parts = new TreeMap<>();
    for (Picked.One one : all) {
      String pattern = Localities.patternOrNull(shares, one.endpoint().workload());
      if (pattern != null && shares.getOrDefault(pattern, 0) > 0) {
        parts.computeIfAbsent(pattern, _ -> new ArrayList<>()).add(one);
      }
    }
    List<Tier> tiers = new ArrayList<>();
    parts.forEach(
        (pattern, some) -> tiers.add(Tier.of(some, some.size(), shares.getOrDefault(pattern, 0))));
    return tiers;
  }

  private boolean isOf(Workload workload) {
    if (group.subset().isEmpty()) {
      return true;
    }
    TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
    Subset wanted = policy == null ? null : policy.subsets().get(group.subset());
    return wanted != null
        && labels(workload.uid()).entrySet().containsAll(wanted.labels().entrySet());
  }

  private Map<String, String> labels(String uid) {
    WorkloadLabels labels = snapshot.l7().labels().get(uid);
    return labels == null ? Map.of() : labels.labels();
  }
}
