package adit.source.object;

import java.util.List;
import java.util.Map;

/// A Pod.
///
/// @param meta the metadata
/// @param spec what was asked for
/// @param status what is
public record Pod(ObjectMeta meta, Spec spec, Status status) implements KubeObject {
  @Override
  public Kind kind() {
    return Kind.POD;
  }

  /// `spec` of a pod or of a pod template.
  ///
  /// @param serviceAccount `serviceAccountName`, `default` if none
  /// @param nodeName empty if not scheduled
  /// @param hostNetwork whether the pod lives in its node's network namespace
  /// @param nodeSelector labels that its node must have
  /// @param terminationGracePeriodSeconds 30 by default
  /// @param containers the containers
  /// @param initContainers the init containers and native sidecars
  public record Spec(
      String serviceAccount,
      String nodeName,
      boolean hostNetwork,
      Map<String, String> nodeSelector,
      long terminationGracePeriodSeconds,
      List<Container> containers,
      List<Container> initContainers) {
    public Spec {
      nodeSelector = Map.copyOf(nodeSelector);
      containers = List.copyOf(containers);
      initContainers = List.copyOf(initContainers);
    }
  }

  /// `status` of a pod.
  ///
  /// @param phase `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown` or empty
  /// @param addresses `podIPs` in order; `podIP` if only that is there
  /// @param hostAddress `hostIP`, empty if none
  /// @param ready whether condition `Ready` is `True`
  public record Status(String phase, List<String> addresses, String hostAddress, boolean ready) {
    public Status {
      addresses = List.copyOf(addresses);
    }
  }
}
