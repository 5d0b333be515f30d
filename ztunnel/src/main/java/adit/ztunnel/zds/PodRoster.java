package adit.ztunnel.zds;

import adit.linux.LinuxException;
import adit.linux.Netns;
import adit.linux.NetnsId;
import adit.ztunnel.view.LocalPod;
import adit.ztunnel.zds.Pods.PodStartException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which pods are proxied, which wait for another try, and what a connection to the agent has told.
///
/// ```
/// connected -> Snapshot: add, keep and del only take note of names; pods that are new start
///     --SnapshotSent--> Following: what was not named stops; add and del act at once
/// ```
///
/// One pod that cannot start stays pending and is tried again; it never fails the others, and no
/// message can end the process. Confined to the ZDS thread.
public final class PodRoster {
  /// What to answer, and whether the connection may go on.
  ///
  /// @param error empty for a plain acknowledgement
  public record Answer(String error, boolean inStep) {
    static final Answer OK = new Answer("", true);

    static Answer refused(String reason) {
      return new Answer(reason, true);
    }

    static Answer outOfStep(String reason) {
      return new Answer(reason, false);
    }
  }

  /// @param error what the last try gave
  private record Pending(LocalPod pod, NetnsId id, Netns netns, String error) {}

  private record Running(LocalPod pod, NetnsId netns) {}

  private final Pods pods;
  private final Map<String, Running> running = new LinkedHashMap<>();
  private final Map<String, Pending> pending = new LinkedHashMap<>();
  private final Set<String> named = new HashSet<>();
  private boolean following;

  public PodRoster(Pods pods) {
    this.pods = pods;
  }

  /// A new connection to the agent: it tells everything again.
  public void connected() {
    dropPending();
    named.clear();
    following = false;
  }

  /// The connection ended. Pods go on; the process is not ready until the next snapshot.
  public void disconnected() {
    following = false;
  }

  /// Whether the agent's snapshot was applied and pods are served. A pod that is pending does not
  /// count against the node unless nothing else runs.
  public boolean ready() {
    return following && (pending.isEmpty() || !running.isEmpty());
  }

  /// Whether the agent is connected and its snapshot was applied.
  public boolean isFollowing() {
    return following;
  }

  public int runningCount() {
    return running.size();
  }

  public int pendingCount() {
    return pending.size();
  }

  /// Pods that wait, with the reason of the last failure.
  public Map<LocalPod, String> pendingPods() {
    var result = new LinkedHashMap<LocalPod, String>();
    pending.values().forEach(waiting -> result.put(waiting.pod(), waiting.error()));
    return result;
  }

  /// @param netns the descriptor that came with the message; ownership passes
  public Answer apply(ZdsMessage message, @Nullable Netns netns) {
    return switch (message) {
      case ZdsMessage.Add(LocalPod pod) -> {
        if (netns == null) {
          yield Answer.refused("descriptors: 0 (expected: 1 with ADD)");
        }
        yield add(pod, netns);
      }
      case ZdsMessage.Keep(String uid) -> keep(uid);
      case ZdsMessage.Del(String uid) -> delete(uid);
      case ZdsMessage.SnapshotSent() -> snapshot();
      case ZdsMessage.Refused(String reason) -> Answer.refused(reason);
      case ZdsMessage.Garbage(String reason) -> Answer.outOfStep(reason);
    };
  }

  /// Tries every pending pod once more.
  public void retry() {
    for (Pending waiting : List.copyOf(pending.values())) {
      pending.remove(waiting.pod().uid());
      var _ = start(waiting.pod(), waiting.id(), waiting.netns());
    }
  }

  private Answer add(LocalPod pod, Netns netns) {
    NetnsId id = idOrNull(netns);
    if (id == null) {
      netns.close();
      return Answer.refused("descriptor of " + pod + ": not a network namespace");
    }
    named.add(pod.uid());
    Running known = running.get(pod.uid());
    if (known != null && known.netns().equals(id)) {
      netns.close();
      return Answer.OK;
    }
    if (known != null) {
      // The pod's sandbox was replaced: the old namespace has no traffic worth waiting for.
      stop(pod.uid());
    }
    dropPending(pod.uid());
    return start(pod, id, netns);
  }

  private static @Nullable NetnsId idOrNull(Netns netns) {
    try {
      return netns.isNetns() ? netns.id() : null;
    } catch (LinuxException _) {
      return null;
    }
  }

  private Answer start(LocalPod pod, NetnsId id, Netns netns) {
    try {
      pods.start(pod, netns);
      running.put(pod.uid(), new Running(pod, id));
      return Answer.OK;
    } catch (PodStartException | RuntimeException e) {
      String reason = "pod " + pod + ": " + e.getMessage();
      pending.put(pod.uid(), new Pending(pod, id, netns, reason));
      return Answer.refused(reason);
    }
  }

  private Answer keep(String uid) {
    if (following) {
      return Answer.outOfStep("keep of " + uid + " after the snapshot (expected: before it)");
    }
    named.add(uid);
    return Answer.OK;
  }

  private Answer delete(String uid) {
    named.remove(uid);
    dropPending(uid);
    if (following) {
      stop(uid);
    }
    return Answer.OK;
  }

  private Answer snapshot() {
    if (following) {
      return Answer.outOfStep("second snapshot-sent on one connection (expected: one)");
    }
    following = true;
    for (String uid : new ArrayList<>(running.keySet())) {
      if (!named.contains(uid)) {
        stop(uid);
      }
    }
    named.clear();
    return Answer.OK;
  }

  private void stop(String uid) {
    if (running.remove(uid) != null) {
      pods.stop(uid);
    }
  }

  private void dropPending() {
    List.copyOf(pending.keySet()).forEach(this::dropPending);
  }

  private void dropPending(String uid) {
    Pending waiting = pending.remove(uid);
    if (waiting != null) {
      waiting.netns().close();
    }
  }
}
