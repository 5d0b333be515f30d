package adit.cli.cluster;

import adit.source.KubernetesClients;
import io.fabric8.kubernetes.client.KubernetesClient;

/// Which cluster: that of `KUBECONFIG`, or `~/.kube/config`, in its present context.
final class MeshPlace {
  /// Where the mesh lives; tools look there.
  static final String NAMESPACE = "istio-system";

  private MeshPlace() {}

  /// A client; the caller closes it.
  static KubernetesClient connect() {
    return KubernetesClients.open();
  }
}
