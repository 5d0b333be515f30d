package adit.identity.ca;

import adit.model.SpiffeId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Lets a node's proxy have the identities of pods that run on its own node, and no others.
///
/// Unlike the reference it also refuses any trust domain but the mesh's.
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

  private final Set<String> trusted;
  private final String trustDomain;
  private final Pods pods;

  /// @param trusted callers that may impersonate, as `namespace/serviceAccount`
  ///   (`CA_TRUSTED_NODE_ACCOUNTS`)
  /// @param trustDomain the only one that may be asked for
  public NodeAuthorizer(Set<String> trusted, String trustDomain, Pods pods) {
    this.trusted = Set.copyOf(trusted);
    this.trustDomain = trustDomain;
    this.pods = pods;
  }

  @Override
  public Verdict authorize(CaCaller caller, SpiffeId requested) {
    String account = caller.identity().namespace() + "/" + caller.identity().serviceAccount();
    if (!trusted.contains(account)) {
      return new Refused("caller: " + account + " (expected: one of " + trusted + ")");
    }
    if (!requested.trustDomain().equals(trustDomain)) {
      return new Refused(
          "requested: " + requested + " (expected: trust domain " + trustDomain + ")");
    }
    String podName = caller.podName();
    if (podName == null) {
      return new Refused("caller: a token without a pod (expected: a token bound to one)");
    }
    Pod pod = pods.podOrNull(caller.clusterId(), caller.identity().namespace(), podName);
    if (pod == null) {
      return new Refused(
          "caller's pod: "
              + podName
              + " (expected: to be in cluster '"
              + caller.clusterId()
              + "')");
    }
    return authorize(caller, podName, pod, requested);
  }

  private Verdict authorize(CaCaller caller, String podName, Pod pod, SpiffeId requested) {
    if (!pod.uid().equals(caller.podUid())) {
      return new Refused(
          "caller's pod: "
              + podName
              + " uid "
              + caller.podUid()
              + " (expected: "
              + pod.uid()
              + ")");
    }
    if (!pod.serviceAccount().equals(caller.identity().serviceAccount())) {
      return new Refused(
          "caller's pod: "
              + podName
              + " service account "
              + caller.identity().serviceAccount()
              + " (expected: "
              + pod.serviceAccount()
              + ")");
    }
    boolean onNode =
        !pod.node().isEmpty()
            && pods.runsOnNode(
                caller.clusterId(), requested.namespace(), requested.serviceAccount(), pod.node());
    return onNode
        ? new Allowed()
        : new Refused(
            "requested: "
                + requested
                + " (expected: a pod of it on node '"
                + pod.node()
                + "', where "
                + podName
                + " runs)");
  }
}
