package adit.cni.agent.leave;

/// What the API server says about the DaemonSet that an agent belongs to.
public sealed interface Parent {
  /// It is there and stays.
  record Present() implements Parent {}

  /// It is there and is being deleted.
  record Deleting() implements Parent {}

  /// There is none.
  record Gone() implements Parent {}

  /// The agent may not ask (any more): 401, 403.
  ///
  /// @param reason what the API server said
  record Forbidden(String reason) implements Parent {}

  /// The API server does not answer.
  ///
  /// @param reason why not
  record Unknown(String reason) implements Parent {}
}
