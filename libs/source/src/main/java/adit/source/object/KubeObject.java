package adit.source.object;

/// A checked Kubernetes object, cut down to the fields that the mesh reads. Immutable. Two objects
/// that are equal mean the same to the mesh.
public sealed interface KubeObject
    permits Namespace,
        Node,
        Pod,
        Service,
        ServiceAccount,
        Deployment,
        EndpointSlice,
        NetworkPolicy,
        PeerAuthentication,
        AuthorizationPolicy,
        ServiceEntry,
        WorkloadEntry,
        Gateway,
        GatewayClass,
        Configuration {
  /// The metadata.
  ObjectMeta meta();

  /// The kind.
  Kind kind();

  /// What identifies the object.
  default ObjectKey key() {
    return ObjectKey.of(kind(), meta().namespace(), meta().name());
  }
}
