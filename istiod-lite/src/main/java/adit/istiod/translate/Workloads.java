package adit.istiod.translate;

import adit.istiod.gateway.Bindings;
import adit.protos.workload.Workload;
import adit.source.ClusterView;
import adit.source.object.EndpointSlice;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.Pod;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import adit.xds.ResourceVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The workloads of a view. Remembers the encoded pods of the view before. Not thread-safe.
final class Workloads {
  private final MeshSettings mesh;
  private final Names names;
  private final Map<ObjectKey, Encoded> pods = new HashMap<>();
  private Slices slices = new Slices(Map.of(), Map.of(), "", Map.of());
  private @Nullable Input last;

  /// What workloads are made of, besides the objects that they stand for.
  record Input(
      ClusterView view,
      String network,
      Backing backing,
      PolicySelection policies,
      Bindings bindings,
      Guards guards) {
    /// Keys of the policies of what has these labels and stands behind these, sorted.
    List<String> keys(
        String namespace,
        Map<String, String> labels,
        List<? extends KubeObject> services,
        List<? extends KubeObject> entries) {
      List<String> selected = policies.keys(namespace, labels);
      Set<String> all = new TreeSet<>();
      services.forEach(one -> all.addAll(guards.keys(one)));
      entries.forEach(one -> all.addAll(guards.keys(one)));
      if (all.isEmpty()) {
        return selected;
      }
      all.addAll(selected);
      return List.copyOf(all);
    }
  }

  /// @param resource null: the pod is not to be dialled
  private record Encoded(
      WorkloadTranslation.PodInput input,
      String network,
      String name,
      @Nullable ResourceVersion resource) {}

  /// What follows from endpoint slices.
  private record Slices(
      Map<ObjectKey, EndpointSlice> slices,
      Map<ObjectKey, Service> services,
      String network,
      Map<String, ResourceVersion> made) {}

  Workloads(MeshSettings mesh) {
    this.mesh = mesh;
    this.names = new Names(mesh);
  }

  void add(
      Input input,
      List<PublishedEntries.Published> entries,
      Map<String, ResourceVersion> addresses) {
    WorkloadTranslation translation = new WorkloadTranslation(mesh, input.network());
    pods(input, translation, addresses);
    for (WorkloadEntry entry : input.view().workloadEntries().values()) {
      if (mesh.isOurs(entry.meta())) {
        Map<String, String> labels = WorkloadTranslation.labels(entry);
        String namespace = entry.meta().namespace();
        List<Service> services = input.backing().services(namespace, labels);
        List<ServiceEntry> selecting = input.backing().entries(namespace, labels);
        put(
            addresses,
            translation.workloadEntry(
                entry,
                services,
                selecting,
                input.keys(namespace, labels, services, selecting),
                input.bindings().ofWorkload(entry.meta()).waypoint()));
      }
    }
    for (PublishedEntries.Published one : entries) {
      var meta = one.entry().meta();
      List<String> keys = input.policies().keys(meta.namespace(), meta.labels());
      translation.inline(one.entry(), keys, input.bindings()).forEach(wire -> put(addresses, wire));
    }
    addresses.putAll(slices(input, translation));
  }

  private Map<String, ResourceVersion> slices(Input input, WorkloadTranslation translation) {
    ClusterView view = input.view();
    boolean same =
        isSame(slices.slices(), view.endpointSlices())
            && isSame(slices.services(), view.services())
            && slices.network().equals(input.network());
    if (!same) {
      Map<String, ResourceVersion> made = new HashMap<>();
      for (EndpointSlice slice : view.endpointSlices().values()) {
        Service service = Backing.serviceOrNull(view, slice);
        if (service != null) {
          translation.slice(slice, service).forEach(wire -> put(made, wire));
        }
      }
      slices = new Slices(view.endpointSlices(), view.services(), input.network(), made);
    }
    return slices.made();
  }

  private static void put(Map<String, ResourceVersion> addresses, Workload wire) {
    addresses.put(wire.getUid(), Bytes.address(wire));
  }

  private void pods(
      Input input, WorkloadTranslation translation, Map<String, ResourceVersion> addresses) {
    boolean onlyPods = isSameButPods(input);
    // Should this fail half-way, everything is looked at again.
    last = null;
    Map<ObjectKey, Pod> now = input.view().pods();
    now.forEach((key, pod) -> {
      Encoded before = pods.get(key);
      if (!onlyPods || before == null || !isSame(before.input().pod(), pod)) {
        pods.put(key, encode(before, input, pod, translation));
      }
    });
    if (pods.size() != now.size()) {
      pods.keySet().retainAll(now.keySet());
    }
    for (Encoded encoded : pods.values()) {
      if (encoded.resource() != null) {
        addresses.put(encoded.name(), encoded.resource());
      }
    }
    last = input;
  }

  /// Whether nothing that a pod's workload is made of changed, but pods.
  private boolean isSameButPods(Input input) {
    Input before = last;
    return before != null
        && isSame(before.backing(), input.backing())
        && isSame(before.policies(), input.policies())
        && isSame(before.bindings(), input.bindings())
        && isSame(before.guards(), input.guards())
        && isSame(before.view().nodes(), input.view().nodes())
        && before.network().equals(input.network());
  }

  @SuppressWarnings("ReferenceEquality") // an equal one is found out by encoding it again
  private static boolean isSame(Object one, Object other) {
    return one == other;
  }

  private Encoded encode(
      @Nullable Encoded before, Input input, Pod pod, WorkloadTranslation translation) {
    String namespace = pod.meta().namespace();
    Map<String, String> labels = pod.meta().labels();
    List<Service> services = input.backing().services(pod);
    List<ServiceEntry> entries = input.backing().entries(namespace, labels);
    WorkloadTranslation.PodInput made =
        new WorkloadTranslation.PodInput(
            pod,
            input.view().nodeOrNull(pod.spec().nodeName()),
            services,
            entries,
            input.keys(namespace, labels, services, entries),
            input.bindings().ofWorkload(pod.meta()).waypoint(),
            input.bindings().inboundOrNull(pod.meta()));
    if (before != null && before.network().equals(input.network()) && before.input().equals(made)) {
      return before;
    }
    Workload wire = translation.podOrNull(made);
    return new Encoded(
        made,
        input.network(),
        before == null ? names.pod(pod.key()) : before.name(),
        wire == null ? null : Bytes.address(wire));
  }
}
