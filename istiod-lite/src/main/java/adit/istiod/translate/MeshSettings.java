package adit.istiod.translate;

import adit.source.object.ObjectMeta;

/// What is the same for the whole mesh.
///
/// @param clusterId `CLUSTER_ID`, first part of every workload's uid
/// @param clusterDomain suffix of services' names, `cluster.local`
/// @param trustDomain of all identities; left out on the wire when it is `cluster.local`
/// @param rootNamespace policies there hold for the whole mesh
/// @param revision Istio's configuration that is labelled for another revision is not ours
/// @param dryRun whether policies with `istio.io/dry-run: "true"` are sent
public record MeshSettings(
    String clusterId,
    String clusterDomain,
    String trustDomain,
    String rootNamespace,
    String revision,
    boolean dryRun) {
  /// Whether an object of Istio's configuration is for this control plane: `istio.io/rev` names it,
  /// or nobody. Objects of Kubernetes are for all.
  boolean isOurs(ObjectMeta meta) {
    String wanted = meta.label("istio.io/rev");
    return wanted.isEmpty() || wanted.equals(revision);
  }

  /// The trust domain as it stands in resources.
  String trustDomainOnTheWire() {
    return trustDomain.equals("cluster.local") ? "" : trustDomain;
  }
}
