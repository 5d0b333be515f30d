package adit.cni.agent.enroll;

import java.time.Duration;

/// How often and how long.
///
/// @param check least time between two checks of one pod
/// @param pace least time between two checks on the node: many pods are checked less often rather
///   than at a higher cost
/// @param grace how long the proxy may be away before pods count as not captured
/// @param firstRetry after the first failed attempt to enrol a pod; doubled each time
/// @param lastRetry never longer than this
/// @param suspicion after a check that found listeners missing, before they are looked for again
/// @param podVisible how long the plugin's request waits for the pod to appear in the view
/// @param proxyVisible how long it waits for a proxy to connect
/// @param drain how long connections that pass the proxy may go on when a pod leaves the mesh
public record Timing(
    Duration check,
    Duration pace,
    Duration grace,
    Duration firstRetry,
    Duration lastRetry,
    Duration suspicion,
    Duration podVisible,
    Duration proxyVisible,
    Duration drain) {
  /// What runs when nothing is configured.
  public static final Timing DEFAULT =
      new Timing(
          Duration.ofSeconds(5),
          Duration.ofMillis(200),
          Duration.ofSeconds(30),
          Duration.ofMillis(200),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          // A proxy that restarts is back in this time; the kubelet would try again later than
          // that.
          Duration.ofSeconds(10),
          Duration.ofSeconds(5));
}
