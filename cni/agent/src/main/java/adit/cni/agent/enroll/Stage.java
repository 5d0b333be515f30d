package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import adit.linux.Netns;

/// How far a pod is on its way into the mesh.
///
/// ```
///   Outside --announced, acknowledged--> Announced --rules written--> Captured
///      ^------------withdrawn----------------'                            |
///      |                                                       redirects deleted
///      '------rules deleted, withdrawn------ Leaving <-------------------'
/// ```
sealed interface Stage {
  /// The proxy does not know it, no rules of ours are in it.
  record Outside() implements Stage {}

  /// The proxy listens in it; nothing is redirected yet.
  ///
  /// @param netns its namespace, owned by the stage
  record Announced(Netns netns) implements Stage {}

  /// Its traffic is redirected.
  ///
  /// @param netns its namespace, owned by the stage
  /// @param options how
  record Captured(Netns netns, PodOptions options) implements Stage {}

  /// New connections are not redirected any more; those that pass the proxy may end.
  ///
  /// @param netns its namespace, owned by the stage
  record Leaving(Netns netns) implements Stage {}
}
