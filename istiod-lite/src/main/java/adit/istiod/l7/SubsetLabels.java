package adit.istiod.l7;

import adit.istiod.gateway.Waypoints;
import adit.protos.l7.WorkloadLabels;
import adit.source.ClusterView;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.WorkloadEntry;
import adit.xds.ResourceVersion;
import adit.xds.TypeUrls;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Labels of workloads, of those namespaces in which subsets or localities choose by them.
public final class SubsetLabels {
  private SubsetLabels() {}

  /// Resources by name.
  public static Map<String, ResourceVersion> of(ClusterView view, L7Settings settings) {
    Set<String> namespaces = namespaces(view, settings);
    Map<String, ResourceVersion> labels = new HashMap<>();
    if (namespaces.isEmpty()) {
      return labels;
    }
    view.pods()
        .forEach((key, pod) -> {
          // Waypoints compare labels of endpoints with their own.
          if (namespaces.contains(key.namespace())
              || pod.meta().labels().containsKey(Waypoints.GATEWAY_NAME)) {
            put(labels, settings, key, pod.meta().labels());
          }
        });
    view.workloadEntries()
        .forEach((key, entry) -> {
          if (namespaces.contains(key.namespace())) {
            put(labels, settings, key, all(entry));
          }
        });
    return labels;
  }

  private static Map<String, String> all(WorkloadEntry entry) {
    Map<String, String> labels = new HashMap<>(entry.endpoint().labels());
    labels.putAll(entry.meta().labels());
    return labels;
  }

  private static void put(
      Map<String, ResourceVersion> resources,
      L7Settings settings,
      ObjectKey workload,
      Map<String, String> labels) {
    String uid = settings.uids().apply(workload);
    resources.put(
        uid,
        ResourceVersion.of(
            TypeUrls.WORKLOAD_LABELS,
            WorkloadLabels.newBuilder().setWorkload(uid).putAllLabels(labels).build()));
  }

  private static boolean isByLabels(Configuration rule) {
    return !rule.spec().path("subsets").isEmpty()
        || rule.spec().findValue("failoverPriority") != null;
  }

  private static Set<String> namespaces(ClusterView view, L7Settings settings) {
    References references = new ViewReferences(view, MeshConfig.NONE, settings.clusterDomain());
    Set<String> namespaces = new HashSet<>();
    for (Configuration rule : view.configurations(Kind.DESTINATION_RULE).values()) {
      if (settings.ours().test(rule.meta()) && isByLabels(rule)) {
        String host = Fields.spec(rule.spec(), new ArrayList<>()).text("host");
        references
            .hosts(rule.meta().namespace(), host)
            .forEach(named -> namespaces.add(named.key().substring(0, named.key().indexOf('/'))));
      }
    }
    return namespaces;
  }
}
