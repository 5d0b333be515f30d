package adit.istiod.translate;

import adit.istiod.translate.PublishedEntries.Published;
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
import org.jspecify.annotations.Nullable;

/// Which services a workload backs: by selector in its own namespace, or because an endpoint slice
/// of a service without selector names the pod.
final class Backing {
  private final LabelIndex<Service> selecting = new LabelIndex<>();
  private final LabelIndex<ServiceEntry> selectingEntries = new LabelIndex<>();
  private final Map<ObjectKey, List<Named>> byPod = new HashMap<>();

  /// @param uid of the pod that is meant, empty if any of the name is
  private record Named(String uid, Service service) {}

  Backing(ClusterView view, List<Published> published) {
    view.services().values().stream()
        .filter(service -> !service.selector().isEmpty())
        .filter(service -> !service.type().equals("ExternalName"))
        .forEach(service -> selecting.add(service.meta().namespace(), service.selector(), service));
    for (Published one : published) {
      Map<String, String> selector = one.entry().workloadSelector();
      if (selector != null) {
        selectingEntries.add(one.entry().meta().namespace(), selector, one.entry());
      }
    }
    for (EndpointSlice slice : view.endpointSlices().values()) {
      Service service = serviceOrNull(view, slice);
      if (service != null && service.selector().isEmpty()) {
        slice.endpoints().forEach(endpoint -> name(service, endpoint));
      }
    }
  }

  /// The service that a slice belongs to, or null if there is none that is published.
  static @Nullable Service serviceOrNull(ClusterView view, EndpointSlice slice) {
    ObjectKey key = ObjectKey.of(Kind.SERVICE, slice.meta().namespace(), slice.serviceName());
    Service service = view.services().get(key);
    return service == null || service.type().equals("ExternalName") ? null : service;
  }

  private void name(Service service, EndpointSlice.Endpoint endpoint) {
    EndpointSlice.Target target = endpoint.target();
    if (target != null && target.kind().equals("Pod")) {
      String namespace =
          target.namespace().isEmpty() ? service.meta().namespace() : target.namespace();
      byPod
          .computeIfAbsent(ObjectKey.of(Kind.POD, namespace, target.name()), _ -> new ArrayList<>())
          .add(new Named(target.uid(), service));
    }
  }

  /// Whether endpoint slices say the same about pods.
  boolean namesSamePods(Backing other) {
    return byPod.equals(other.byPod);
  }

  List<Service> services(Pod pod) {
    List<Service> selected = services(pod.meta().namespace(), pod.meta().labels());
    List<Named> named = byPod.getOrDefault(pod.key(), List.of());
    if (named.isEmpty()) {
      return selected;
    }
    List<Service> all = new ArrayList<>(selected);
    for (Named one : named) {
      if (one.uid().isEmpty() || one.uid().equals(pod.meta().uid())) {
        all.add(one.service());
      }
    }
    return all;
  }

  List<Service> services(String namespace, Map<String, String> labels) {
    return selecting.matching(namespace, labels);
  }

  List<ServiceEntry> entries(String namespace, Map<String, String> labels) {
    return selectingEntries.matching(namespace, labels);
  }
}
