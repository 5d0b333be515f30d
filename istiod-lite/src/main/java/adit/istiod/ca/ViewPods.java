package adit.istiod.ca;

import adit.identity.ca.NodeAuthorizer;
import adit.source.ClusterSource;
import adit.source.object.Pod;
import org.jspecify.annotations.Nullable;

/// What the node authorizer asks, answered from the newest view. A proxy that is ahead of the view
/// is refused and asks again.
///
/// @param clusterId of this control plane; callers of other clusters are not known here
public record ViewPods(ClusterSource source, String clusterId) implements NodeAuthorizer.Pods {
  @Override
  public NodeAuthorizer.@Nullable Pod podOrNull(String cluster, String namespace, String name) {
    Pod pod = isOwn(cluster) ? source.current().podOrNull(namespace, name) : null;
    return pod == null
        ? null
        : new NodeAuthorizer.Pod(
            pod.meta().uid(), pod.spec().serviceAccount(), pod.spec().nodeName());
  }

  @Override
  public boolean runsOnNode(String cluster, String namespace, String serviceAccount, String node) {
    return isOwn(cluster)
        && source.current().pods().values().stream()
            .anyMatch(pod ->
                pod.meta().namespace().equals(namespace)
                    && pod.spec().serviceAccount().equals(serviceAccount)
                    && pod.spec().nodeName().equals(node)
                    && !pod.status().phase().equals("Failed"));
  }

  private boolean isOwn(String cluster) {
    return cluster.isEmpty() || cluster.equals(clusterId);
  }
}
