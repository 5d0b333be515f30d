package adit.istiod.translate;

/// What is the same for the whole mesh.
///
/// @param clusterId `CLUSTER_ID`, first part of every workload's uid
/// @param clusterDomain suffix of services' names, `cluster.local`
/// @param trustDomain of all identities; left out on the wire when it is `cluster.local`
/// @param rootNamespace policies there hold for the whole mesh
/// @param dryRun whether policies with `istio.io/dry-run: "true"` are sent
public record MeshSettings(
    String clusterId,
    String clusterDomain,
    String trustDomain,
    String rootNamespace,
    boolean dryRun) {
  /// The trust domain as it stands in resources.
  String trustDomainOnTheWire() {
    return trustDomain.equals("cluster.local") ? "" : trustDomain;
  }
}
