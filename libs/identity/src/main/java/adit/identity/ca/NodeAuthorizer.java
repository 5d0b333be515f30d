package adit.identity.ca;

import adit.model.SpiffeId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Lets a node's proxy have the identities of pods that run on its own node, and no others.
public final class NodeAuthorizer implements ImpersonationAuthorizer {

  /// What the authorizer asks about the cluster.
  public interface Pods {
    /// The pod of this namespace and name in a cluster, or null.
    @Nullable Pod podOrNull(String clusterId, String namespace, String name);

    /// Whether a pod of the service account that has not failed is scheduled on the node.
    boolean runsOnNode(String clusterId, String namespace, String serviceAccount, String node);
  }

  /// The caller's pod.
  ///
  /// @param node empty if it is not scheduled
  public record Pod(String uid, String serviceAccount, String node) {}

  /// @param trusted callers that may impersonate, as `namespace/serviceAccount`
  /// @param trustDomain the only one that may be asked for
  public NodeAuthorizer(Set<String> trusted, String trustDomain, Pods pods) {}

  @Override
  public Verdict authorize(CaCaller caller, SpiffeId requested) {
    throw new UnsupportedOperationException();
  }
}
