package adit.ztunnel.view;

import adit.model.MeshView;
import adit.model.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of a local pod when a connection wants to know.
public sealed interface Standing {
  /// Discovery does not know the pod.
  record Unknown() implements Standing {}

  /// The pod names policies that are not here, and what was in force before may not stand in for
  /// them any longer: nothing can be allowed.
  ///
  /// @param missing keys of the policies
  record Incomplete(Workload workload, List<String> missing) implements Standing {}

  /// The pod and the policies in force for it.
  ///
  /// @param workload as it is now
  /// @param governed the workload whose list of policies is in force: the same, or an earlier state
  ///   while a policy that it names now is awaited
  /// @param policies the view that holds those policies
  record Governed(Workload workload, Workload governed, MeshView policies) implements Standing {}

  /// The workload, whatever is known about its policies.
  default @Nullable Workload workloadOrNull() {
    return switch (this) {
      case Unknown() -> null;
      case Incomplete(Workload workload, var _) -> workload;
      case Governed(Workload workload, var _, var _) -> workload;
    };
  }
}
