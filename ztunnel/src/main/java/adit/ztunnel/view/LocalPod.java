package adit.ztunnel.view;

/// A pod of this node as the node agent names it. Never derived from an address, so that a reused
/// address cannot take over somebody's identity.
///
/// @param uid the Kubernetes pod UID; not the workload uid of discovery
public record LocalPod(String uid, String name, String namespace, String serviceAccount) {
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
