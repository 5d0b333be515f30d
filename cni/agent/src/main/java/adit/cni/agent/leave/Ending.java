package adit.cni.agent.leave;

/// Why an agent ends.
public sealed interface Ending {
  /// One sentence, for the log.
  String reason();

  /// The mesh is being removed from the cluster or the node: nothing of it may stay.
  ///
  /// @param reason one sentence
  record Removed(String reason) implements Ending {}

  /// Another agent will follow: everything stays, so that no pod leaves the mesh meanwhile.
  ///
  /// @param reason one sentence
  record Restarting(String reason) implements Ending {}
}
