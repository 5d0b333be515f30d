package adit.cni.agent.zds;

/// What became of an announcement.
public sealed interface Answer {
  /// The proxy has its listeners in the pod's namespace.
  record Accepted() implements Answer {}

  /// The proxy did not take the pod; by the protocol it tries again by itself for as long as the
  /// connection lasts.
  ///
  /// @param error what it said
  record Refused(String error) implements Answer {}

  /// There is no proxy to tell, or it went away, or it did not answer in time.
  ///
  /// @param reason one line
  record NoProxy(String reason) implements Answer {}
}
