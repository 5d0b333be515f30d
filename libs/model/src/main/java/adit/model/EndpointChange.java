package adit.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a batch of workloads changes for one service, so that each service is indexed once per
/// batch however many of its endpoints changed.
///
/// @param gone workloads that leave
/// @param changed endpoints that are new or different, by workload
record EndpointChange(List<String> gone, Map<String, Endpoint> changed) {
  private EndpointChange() {
    this(new ArrayList<>(), new HashMap<>());
  }

  static Map<NamespacedHostname, EndpointChange> between(
      WorkloadIndex before, List<Workload> changed, List<String> removed) {
    Map<NamespacedHostname, EndpointChange> changes = new HashMap<>();
    Map<String, Workload> latest = new HashMap<>();
    for (Workload workload : changed) {
      latest.put(workload.uid(), workload);
    }
    removed.forEach(latest::remove);
    for (Workload workload : changed) {
      leave(changes, before.byUidOrNull(workload.uid()));
    }
    for (String uid : removed) {
      leave(changes, before.byUidOrNull(uid));
    }
    for (Workload workload : latest.values()) {
      workload
          .services()
          .forEach((key, ports) ->
              changes
                  .computeIfAbsent(key, _ -> new EndpointChange())
                  .changed
                  .put(workload.uid(), new Endpoint(workload, ports)));
    }
    return changes;
  }

  private static void leave(
      Map<NamespacedHostname, EndpointChange> changes, @Nullable Workload old) {
    if (old == null) {
      return;
    }
    for (NamespacedHostname key : old.services().keySet()) {
      changes.computeIfAbsent(key, _ -> new EndpointChange()).gone.add(old.uid());
    }
  }
}
