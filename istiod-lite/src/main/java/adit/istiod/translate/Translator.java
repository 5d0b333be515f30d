package adit.istiod.translate;

import adit.protos.security.Authorization;
import adit.protos.workload.Workload;
import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.EndpointSlice;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Pod;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import adit.xds.ResourceVersion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Views of the cluster -> resources of the wire.
///
/// Pure in its result; what is remembered between calls is only a memo: a pod whose inputs are the
/// same instances as last time is not encoded again, so that one change among ten thousand pods
/// costs little. Not thread-safe.
public final class Translator {
  private final MeshSettings mesh;
  private Map<ObjectKey, Encoded> pods = Map.of();

  /// @param resource null: the pod is not to be dialled
  private record Encoded(
      WorkloadTranslation.PodInput input, String network, @Nullable ResourceVersion resource) {}

  public Translator(MeshSettings mesh) {
    this.mesh = mesh;
  }

  /// Translates a view.
  public Translated translate(ClusterView view) {
    String network = network(view);
    Map<String, ResourceVersion> policies = new HashMap<>();
    List<Translated.PolicyReport> reports = new ArrayList<>();
    List<AuthorizationPolicy> sent = new ArrayList<>();
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      PolicyTranslation.Outcome outcome = PolicyTranslation.translate(policy, mesh);
      if (outcome.policy() != null) {
        sent.add(policy);
        put(policies, outcome.policy());
      }
      if (outcome.report() != null) {
        reports.add(outcome.report());
      }
    }
    PeerAuthentications peers = new PeerAuthentications(view, mesh);
    peers.policies().values().forEach(policy -> put(policies, policy));
    Map<String, ResourceVersion> addresses = new HashMap<>();
    services(view, network, addresses);
    workloads(view, network, new PolicySelection(sent, peers, mesh), addresses);
    return new Translated(addresses, policies, reports);
  }

  private static void put(Map<String, ResourceVersion> policies, Authorization policy) {
    policies.put(policy.getNamespace() + "/" + policy.getName(), Bytes.policy(policy));
  }

  /// The network of the cluster is a label of the system namespace.
  private String network(ClusterView view) {
    var system = view.namespaceOrNull(mesh.rootNamespace());
    return system == null ? "" : system.meta().label("topology.istio.io/network");
  }

  private void services(ClusterView view, String network, Map<String, ResourceVersion> addresses) {
    ServiceTranslation translation = new ServiceTranslation(mesh, network);
    Set<String> owned = new HashSet<>();
    for (Service service : view.services().values()) {
      if (!service.type().equals("ExternalName")) {
        var wire = translation.service(service, view.namespaceOrNull(service.meta().namespace()));
        owned.add(wire.getHostname());
        addresses.put(new Names(mesh).service(service.key()), Bytes.address(wire));
      }
    }
    // The oldest entry of a host is its owner, unless a Kubernetes service is.
    for (ServiceEntry entry : oldestFirst(view)) {
      Set<String> canonical = new HashSet<>(entry.hosts());
      canonical.removeAll(owned);
      owned.addAll(canonical);
      for (var wire : translation.entry(entry, canonical)) {
        addresses.putIfAbsent(wire.getNamespace() + "/" + wire.getHostname(), Bytes.address(wire));
      }
    }
  }

  private static List<ServiceEntry> oldestFirst(ClusterView view) {
    return view.serviceEntries().values().stream()
        .sorted(
            Comparator.comparing((ServiceEntry entry) -> entry.meta().creation())
                .thenComparing(ServiceEntry::key))
        .toList();
  }

  private void workloads(
      ClusterView view,
      String network,
      PolicySelection policies,
      Map<String, ResourceVersion> addresses) {
    WorkloadTranslation translation = new WorkloadTranslation(mesh, network);
    Backing backing = new Backing(view);
    Names names = new Names(mesh);
    Map<ObjectKey, Encoded> next = new HashMap<>();
    for (Pod pod : view.pods().values()) {
      Encoded encoded = encode(view, network, pod, translation, backing, policies);
      next.put(pod.key(), encoded);
      if (encoded.resource() != null) {
        addresses.put(names.pod(pod.key()), encoded.resource());
      }
    }
    pods = next;
    for (WorkloadEntry entry : view.workloadEntries().values()) {
      Map<String, String> labels = WorkloadTranslation.labels(entry);
      String namespace = entry.meta().namespace();
      put(
          addresses,
          translation.workloadEntry(
              entry,
              backing.services(namespace, labels),
              backing.entries(namespace, labels),
              policies.keys(namespace, labels)));
    }
    for (ServiceEntry entry : view.serviceEntries().values()) {
      List<String> keys = policies.keys(entry.meta().namespace(), entry.meta().labels());
      translation.inline(entry, keys).forEach(wire -> put(addresses, wire));
    }
    for (EndpointSlice slice : view.endpointSlices().values()) {
      ObjectKey key = ObjectKey.of(Kind.SERVICE, slice.meta().namespace(), slice.serviceName());
      if (view.objectOrNull(key) instanceof Service service) {
        translation.slice(slice, service).forEach(wire -> put(addresses, wire));
      }
    }
  }

  private static void put(Map<String, ResourceVersion> addresses, Workload wire) {
    addresses.put(wire.getUid(), Bytes.address(wire));
  }

  private Encoded encode(
      ClusterView view,
      String network,
      Pod pod,
      WorkloadTranslation translation,
      Backing backing,
      PolicySelection policies) {
    String namespace = pod.meta().namespace();
    Map<String, String> labels = pod.meta().labels();
    WorkloadTranslation.PodInput input =
        new WorkloadTranslation.PodInput(
            pod,
            view.nodeOrNull(pod.spec().nodeName()),
            backing.services(pod),
            backing.entries(namespace, labels),
            policies.keys(namespace, labels));
    Encoded before = pods.get(pod.key());
    if (before != null && before.network().equals(network) && before.input().equals(input)) {
      return before;
    }
    Workload wire = translation.podOrNull(input);
    return new Encoded(input, network, wire == null ? null : Bytes.address(wire));
  }
}
