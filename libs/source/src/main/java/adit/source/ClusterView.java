package adit.source;

import adit.source.object.AuthorizationPolicy;
import adit.source.object.Configuration;
import adit.source.object.Deployment;
import adit.source.object.EndpointSlice;
import adit.source.object.Gateway;
import adit.source.object.GatewayClass;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.Namespace;
import adit.source.object.NetworkPolicy;
import adit.source.object.Node;
import adit.source.object.ObjectKey;
import adit.source.object.PeerAuthentication;
import adit.source.object.Pod;
import adit.source.object.Problem;
import adit.source.object.Service;
import adit.source.object.ServiceAccount;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All objects of a cluster at one moment. Immutable; any thread.
///
/// What did not change between two views of one source is the same instance in both: the map of a
/// kind, and each object in it. So a reader finds what changed by comparing references.
public final class ClusterView {
  /// Nothing, version 0.
  public static final ClusterView EMPTY = new ClusterView(0, Map.of(), List.of());

  private final long version;
  private final Map<Kind, Map<ObjectKey, KubeObject>> objects;
  private final List<Problem> problems;

  private ClusterView(
      long version, Map<Kind, Map<ObjectKey, KubeObject>> objects, List<Problem> problems) {
    this.version = version;
    this.objects = objects;
    this.problems = problems;
  }

  /// A view.
  ///
  /// @param version grows with every view of a source
  /// @param objects the objects by kind; not copied, so it must not change any more
  /// @param problems what is wrong with what the user wrote
  static ClusterView of(
      long version, Map<Kind, Map<ObjectKey, KubeObject>> objects, List<Problem> problems) {
    return new ClusterView(version, objects, List.copyOf(problems));
  }

  /// The view after this one: what is equal stays the same instance, kind by kind and object by
  /// object. Null if nothing differs.
  ///
  /// @param next all objects; not changed any more by the caller
  /// @param found all problems
  @Nullable ClusterView successorOrNull(
      Map<Kind, Map<ObjectKey, KubeObject>> next, List<Problem> found) {
    boolean same = problems.equals(found);
    Map<Kind, Map<ObjectKey, KubeObject>> result = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      Map<ObjectKey, KubeObject> before = all(kind);
      Map<ObjectKey, KubeObject> after = next.getOrDefault(kind, Map.of());
      boolean unchanged = unify(before, after);
      result.put(kind, unchanged ? before : after);
      same &= unchanged;
    }
    return same ? null : of(version + 1, result, found);
  }

  /// Puts the old instances of what is equal into `after`; whether everything is.
  // A published map must not be written, not even with what it holds already.
  @SuppressWarnings("ReferenceEquality")
  private static boolean unify(
      Map<ObjectKey, KubeObject> before, Map<ObjectKey, KubeObject> after) {
    if (before == after) {
      return true;
    }
    boolean unchanged = before.size() == after.size();
    for (Map.Entry<ObjectKey, KubeObject> entry : after.entrySet()) {
      KubeObject old = before.get(entry.getKey());
      if (old == null || !entry.getValue().equals(old)) {
        unchanged = false;
      } else if (entry.getValue() != old) {
        entry.setValue(old);
      }
    }
    return unchanged;
  }

  /// A view of these objects, for tests and tools.
  public static ClusterView of(long version, Iterable<? extends KubeObject> objects) {
    Map<Kind, Map<ObjectKey, KubeObject>> byKind = new EnumMap<>(Kind.class);
    for (KubeObject object : objects) {
      byKind.computeIfAbsent(object.kind(), kind -> new HashMap<>()).put(object.key(), object);
    }
    return new ClusterView(version, byKind, List.of());
  }

  /// The view after this one with these objects, sharing what is equal; this one if nothing
  /// differs. For tests and tools.
  public ClusterView followedBy(Iterable<? extends KubeObject> next, List<Problem> found) {
    ClusterView successor = successorOrNull(of(version + 1, next).objects, found);
    return successor == null ? this : successor;
  }

  /// Grows with every view of a source.
  public long version() {
    return version;
  }

  /// What is wrong with what the user wrote, whether or not an older version keeps serving.
  public List<Problem> problems() {
    return problems;
  }

  /// All objects of a kind. The map is the same instance as in the view before if nothing of this
  /// kind changed.
  public Map<ObjectKey, KubeObject> all(Kind kind) {
    return objects.getOrDefault(kind, Map.of());
  }

  /// The object with this key, or null.
  public @Nullable KubeObject objectOrNull(ObjectKey key) {
    return all(key.kind()).get(key);
  }

  /// Namespaces.
  public Map<ObjectKey, Namespace> namespaces() {
    return typed(Kind.NAMESPACE);
  }

  /// Nodes.
  public Map<ObjectKey, Node> nodes() {
    return typed(Kind.NODE);
  }

  /// Pods.
  public Map<ObjectKey, Pod> pods() {
    return typed(Kind.POD);
  }

  /// Services.
  public Map<ObjectKey, Service> services() {
    return typed(Kind.SERVICE);
  }

  /// Service accounts.
  public Map<ObjectKey, ServiceAccount> serviceAccounts() {
    return typed(Kind.SERVICE_ACCOUNT);
  }

  /// Deployments.
  public Map<ObjectKey, Deployment> deployments() {
    return typed(Kind.DEPLOYMENT);
  }

  /// Endpoint slices.
  public Map<ObjectKey, EndpointSlice> endpointSlices() {
    return typed(Kind.ENDPOINT_SLICE);
  }

  /// Network policies.
  public Map<ObjectKey, NetworkPolicy> networkPolicies() {
    return typed(Kind.NETWORK_POLICY);
  }

  /// Peer authentications.
  public Map<ObjectKey, PeerAuthentication> peerAuthentications() {
    return typed(Kind.PEER_AUTHENTICATION);
  }

  /// Authorization policies.
  public Map<ObjectKey, AuthorizationPolicy> authorizationPolicies() {
    return typed(Kind.AUTHORIZATION_POLICY);
  }

  /// Service entries.
  public Map<ObjectKey, ServiceEntry> serviceEntries() {
    return typed(Kind.SERVICE_ENTRY);
  }

  /// Workload entries.
  public Map<ObjectKey, WorkloadEntry> workloadEntries() {
    return typed(Kind.WORKLOAD_ENTRY);
  }

  /// Gateways.
  public Map<ObjectKey, Gateway> gateways() {
    return typed(Kind.GATEWAY);
  }

  /// Gateway classes.
  public Map<ObjectKey, GatewayClass> gatewayClasses() {
    return typed(Kind.GATEWAY_CLASS);
  }

  /// Routes and policies of one of [Kind#CONFIGURATIONS].
  public Map<ObjectKey, Configuration> configurations(Kind kind) {
    if (!Kind.CONFIGURATIONS.contains(kind)) {
      throw new IllegalArgumentException("kind: " + kind + " (expected: of CONFIGURATIONS)");
    }
    return typed(kind);
  }

  /// The namespace with this name, or null.
  public @Nullable Namespace namespaceOrNull(String name) {
    return namespaces().get(ObjectKey.of(Kind.NAMESPACE, "", name));
  }

  /// The node with this name, or null.
  public @Nullable Node nodeOrNull(String name) {
    return nodes().get(ObjectKey.of(Kind.NODE, "", name));
  }

  /// The pod with this name, or null.
  public @Nullable Pod podOrNull(String namespace, String name) {
    return pods().get(ObjectKey.of(Kind.POD, namespace, name));
  }

  // Each kind has exactly one record type (KubeObject.kind), and maps are made by kind only.
  @SuppressWarnings("unchecked")
  private <T extends KubeObject> Map<ObjectKey, T> typed(Kind kind) {
    return (Map<ObjectKey, T>) (Map<ObjectKey, ? extends KubeObject>) all(kind);
  }

  @Override
  public String toString() {
    return "ClusterView " + version;
  }
}
