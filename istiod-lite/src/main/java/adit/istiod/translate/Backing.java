package adit.istiod.translate;

import adit.source.ClusterView;
import adit.source.object.EndpointSlice;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Pod;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which services a workload backs: by selector in its own namespace, or because an endpoint slice
/// of a service without selector names the pod.
final class Backing {
  private final Map<String, List<Service>> selecting = new HashMap<>();
  private final Map<String, List<ServiceEntry>> selectingEntries = new HashMap<>();
  private final Map<ObjectKey, List<Service>> byPod = new HashMap<>();

  Backing(ClusterView view) {
    for (Service service : view.services().values()) {
      if (!service.selector().isEmpty() && !service.type().equals("ExternalName")) {
        selecting.computeIfAbsent(service.meta().namespace(), _ -> new ArrayList<>()).add(service);
      }
    }
    for (ServiceEntry entry : view.serviceEntries().values()) {
      if (entry.workloadSelector() != null) {
        selectingEntries
            .computeIfAbsent(entry.meta().namespace(), _ -> new ArrayList<>())
            .add(entry);
      }
    }
    for (EndpointSlice slice : view.endpointSlices().values()) {
      ObjectKey key = ObjectKey.of(Kind.SERVICE, slice.meta().namespace(), slice.serviceName());
      if (view.objectOrNull(key) instanceof Service service && service.selector().isEmpty()) {
        slice.endpoints().forEach(endpoint -> name(service, endpoint));
      }
    }
  }

  private void name(Service service, EndpointSlice.Endpoint endpoint) {
    EndpointSlice.Target target = endpoint.target();
    if (target != null && target.kind().equals("Pod")) {
      String namespace =
          target.namespace().isEmpty() ? service.meta().namespace() : target.namespace();
      byPod
          .computeIfAbsent(ObjectKey.of(Kind.POD, namespace, target.name()), _ -> new ArrayList<>())
          .add(service);
    }
  }

  List<Service> services(Pod pod) {
    List<Service> named = byPod.getOrDefault(pod.key(), List.of());
    List<Service> selected = services(pod.meta().namespace(), pod.meta().labels());
    if (named.isEmpty()) {
      return selected;
    }
    List<Service> all = new ArrayList<>(selected);
    all.addAll(named);
    return all;
  }

  List<Service> services(String namespace, Map<String, String> labels) {
    return selecting.getOrDefault(namespace, List.of()).stream()
        .filter(service -> labels.entrySet().containsAll(service.selector().entrySet()))
        .toList();
  }

  List<ServiceEntry> entries(String namespace, Map<String, String> labels) {
    return selectingEntries.getOrDefault(namespace, List.of()).stream()
        .filter(entry -> {
          Map<String, String> selector = entry.workloadSelector();
          return selector != null && labels.entrySet().containsAll(selector.entrySet());
        })
        .toList();
  }
}
