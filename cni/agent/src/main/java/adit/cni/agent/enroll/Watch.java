package adit.cni.agent.enroll;

import adit.cni.agent.observe.Reports;
import adit.cni.agent.prove.CaptureProof;
import adit.cni.agent.prove.Mismatch;
import adit.cni.agent.prove.Mismatch.Kind;
import adit.cni.agent.rules.PodRules;
import adit.cni.agent.zds.Answer;
import adit.cni.agent.zds.ZdsPod;
import adit.cni.agent.zds.ZdsServer;
import adit.linux.Netns;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Looks at a captured pod, repairs what is wrong, and keeps the redirection annotation true.
///
/// The annotation says `enabled` while the proof holds. A restart of the proxy is no reason to say
/// otherwise (every peer would switch to plaintext for a moment), so a proxy may be away for a
/// stated time first. Called on the pod's own tasks; blocks.
public final class Watch {
  private static final long ANSWER_SECONDS = 15;

  private final ZdsServer zds;
  private final PodRules rules;
  private final CaptureProof proof;
  private final Reports reports;
  private final Duration grace;

  /// What a check came to.
  enum Finding {
    /// Everything is as it must be, now.
    SOUND,
    /// The listeners are missing, which may be the moment between two proxies: look again soon.
    LOOK_AGAIN,
    /// Something is wrong that could not be repaired.
    BROKEN
  }

  /// @param grace how long the proxy may be away before pods count as not captured
  public Watch(ZdsServer zds, PodRules rules, CaptureProof proof, Reports reports, Duration grace) {
    this.zds = zds;
    this.rules = rules;
    this.proof = proof;
    this.reports = reports;
    this.grace = grace;
  }

  /// Checks a pod; one that is not captured is sound in this respect.
  Finding check(MeshPod pod) throws InterruptedException {
    Wish wish = pod.wish;
    if (wish == null || !(pod.stage instanceof Stage.Captured(Netns netns, var options))) {
      return Finding.SOUND;
    }
    if (!options.equals(wish.options()) && !repairRules(pod, wish, netns)) {
      // They changed and could not be written; nobody else tries again.
      return settle(pod, wish, false);
    }
    List<Mismatch> found = new ArrayList<>(proof.mismatches(netns, wish.options()));
    boolean late = zds.away().compareTo(grace) > 0;
    if (zds.connected() == 0) {
      // One proxy serves all pods: its absence is counted once for the node, and here only decides
      // the annotation.
      found.removeIf(mismatch -> mismatch.kind() == Kind.LISTENERS);
    } else if (!pod.listenersSuspect
        && found.removeIf(mismatch -> mismatch.kind() == Kind.LISTENERS)) {
      pod.listenersSuspect = true;
      repair(pod, wish, netns, found);
      return Finding.LOOK_AGAIN;
    }
    pod.listenersSuspect = false;
    return settle(pod, wish, repair(pod, wish, netns, found) && !late);
  }

  /// A pod that has just been captured: its rules were read back when they were written, so only
  /// what the proxy has promised is looked at.
  Finding first(MeshPod pod) throws InterruptedException {
    Wish wish = pod.wish;
    if (wish == null || !(pod.stage instanceof Stage.Captured(Netns netns, var _))) {
      return Finding.SOUND;
    }
    try {
      if (proof.listeners(netns).isEmpty()) {
        return settle(pod, wish, true);
      }
    } catch (IOException e) {
      // The whole check says what is wrong.
      return check(pod);
    }
    return check(pod);
  }

  /// Says in the annotation whether the pod is captured.
  void show(MeshPod pod, Wish wish, String state) {
    if (!pod.shown.equals(state) || !wish.redirection().equals(state)) {
      pod.shown = state;
      reports.redirection(wish.key(), pod.uid, state);
    }
  }

  private Finding settle(MeshPod pod, Wish wish, boolean sound) throws InterruptedException {
    endWithoutVerdict();
    pod.broken = !sound;
    show(pod, wish, sound ? "enabled" : "pending");
    return sound ? Finding.SOUND : Finding.BROKEN;
  }

  /// An agent that ends interrupts what it does: a check that was cut off says nothing about the
  /// pod, which stays captured.
  private static void endWithoutVerdict() throws InterruptedException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedException("the agent ends");
    }
  }

  private boolean repair(MeshPod pod, Wish wish, Netns netns, List<Mismatch> found)
      throws InterruptedException {
    boolean sound = true;
    for (Mismatch mismatch : found) {
      endWithoutVerdict();
      reports.mismatch(wish.key(), mismatch);
      boolean repaired =
          switch (mismatch.kind()) {
            case RULES -> repairRules(pod, wish, netns);
            case LISTENERS -> repairListeners(pod, wish, netns);
            case ZTUNNEL, NETNS, PROBES, IDENTITY, UNKNOWN -> false;
          };
      if (repaired) {
        reports.repaired(wish.key(), mismatch.kind());
      }
      sound &= repaired;
    }
    return sound;
  }

  private boolean repairRules(MeshPod pod, Wish wish, Netns netns) {
    try {
      rules.write(netns, wish.options());
      pod.stage = new Stage.Captured(netns, wish.options());
      return rules.differences(netns, wish.options()).isEmpty();
    } catch (IOException e) {
      reports
          .log()
          .warn("rules not repaired", "pod", wish.pod(), "error", String.valueOf(e.getMessage()));
      return false;
    }
  }

  /// To a proxy that believes to serve the pod, an `add` alone would mean nothing.
  private boolean repairListeners(MeshPod pod, Wish wish, Netns netns) throws InterruptedException {
    try {
      zds.del(pod.uid).get(ANSWER_SECONDS, TimeUnit.SECONDS);
      ZdsPod again =
          new ZdsPod(
              pod.uid, wish.key().name(), wish.key().namespace(), wish.serviceAccount(), netns);
      Answer answer = zds.add(again).get(ANSWER_SECONDS, TimeUnit.SECONDS);
      return answer instanceof Answer.Accepted && proof.listeners(netns).isEmpty();
    } catch (IOException | ExecutionException | TimeoutException e) {
      reports
          .log()
          .warn(
              "listeners not repaired", "pod", wish.pod(), "error", String.valueOf(e.getMessage()));
      return false;
    }
  }
}
