package adit.cni.agent.enroll;

/// How far one attempt came.
sealed interface Outcome {
  /// The pod is where it should be.
  record Arrived() implements Outcome {}

  /// Nothing can be done until something happens: the pod has no namespace yet.
  ///
  /// @param reason one line
  record Waiting(String reason) implements Outcome {}

  /// It did not work this time.
  ///
  /// @param reason one line
  record Failed(String reason) implements Outcome {}
}
