package adit.cni.agent.enroll;

import adit.cni.agent.observe.Reports;
import adit.cni.agent.prove.Mismatch;
import adit.cni.agent.prove.ProxyCertificates;
import adit.cni.plugin.AgentReply;
import adit.cni.plugin.CniException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The pods of the node and what is being done about each. Wishes come from the cluster's view,
/// offers from the plugin, ticks from the timer; work is done in each pod's own tasks. Any thread.
public final class Enroller {
  private final Map<String, MeshPod> pods = new ConcurrentHashMap<>();
  private final Journey journey;
  private final Watch watch;
  private final Reports reports;
  private final PodTasks tasks;
  private final ScheduledExecutorService timer;
  private final LongSupplier nanoTime;
  private final Timing timing;

  /// @param timing how often and how long
  public Enroller(
      Journey journey,
      Watch watch,
      Reports reports,
      PodTasks tasks,
      ScheduledExecutorService timer,
      LongSupplier nanoTime,
      Timing timing) {
    this.journey = journey;
    this.watch = watch;
    this.reports = reports;
    this.tasks = tasks;
    this.timer = timer;
    this.nanoTime = nanoTime;
    this.timing = timing;
  }

  /// Follows a new view. Called by one thread at a time.
  public void follow(Wishes before, Wishes now) {
    now.members()
        .forEach((uid, wish) -> {
          if (!wish.equals(before.members().get(uid))) {
            wish(uid, wish);
            tasks.submit(uid, () -> advance(uid));
          }
        });
    noteOutsiders(before, now);
    for (String uid : before.members().keySet()) {
      if (!now.members().containsKey(uid)) {
        wish(uid, null);
        Wishes.Outsider outsider = now.outsiders().get(uid);
        boolean stays = outsider != null && !outsider.ended();
        tasks.submit(uid, () -> drop(uid, stays));
      }
    }
  }

  /// Those that should be in the mesh and cannot be.
  private void noteOutsiders(Wishes before, Wishes now) {
    now.outsiders()
        .forEach((uid, outsider) -> {
          Wishes.Outsider former = before.outsiders().get(uid);
          List<Note> said = former == null ? List.of() : former.pod().notes();
          for (Note note : outsider.pod().notes()) {
            if (!said.contains(note)) {
              reports.note(outsider.pod().key(), note.reason(), note.text());
            }
          }
        });
  }

  /// Takes over pods that a former agent has captured, before anything else happens.
  public void adopt(Collection<Adopted> found) {
    for (Adopted adopted : found) {
      wish(adopted.wish().uid(), adopted.wish());
      MeshPod pod = Objects.requireNonNull(pods.get(adopted.wish().uid()));
      pod.served = adopted.wish();
      pod.stage = new Stage.Captured(adopted.netns(), adopted.wish().options());
      pod.captured = true;
      pod.probed = adopted.wish().addresses();
      tasks.submit(pod.uid, () -> check(pod));
    }
  }

  /// Cleans pods that say that they are captured and should not be: the label went while no agent
  /// ran.
  public void clean(Collection<Wishes.Outsider> former) {
    for (Wishes.Outsider outsider : former) {
      Wish pod = outsider.pod();
      tasks.submit(
          pod.uid(),
          () -> {
            String problem = journey.cleanOrProblem(pod);
            if (problem != null) {
              reports.log().warn("pod not cleaned", "pod", pod.pod(), "error", problem);
            }
          });
    }
  }

  /// Takes every pod out of the mesh, whatever is wished. New connections go their own way at once;
  /// those that pass the proxy keep what they need for as long as when one pod leaves.
  ///
  /// @return completes when that was tried for all
  public CompletableFuture<Void> leaveAll() {
    List<CompletableFuture<Void>> left = new ArrayList<>();
    for (String uid : pods.keySet()) {
      wish(uid, null);
      CompletableFuture<Void> one = new CompletableFuture<>();
      left.add(one);
      tasks.submit(
          uid,
          () -> {
            boolean drains = false;
            try {
              MeshPod pod = pods.get(uid);
              drains = pod != null && journey.advance(pod) instanceof Outcome.Waiting;
            } finally {
              if (drains) {
                later(timing.drain(), uid, () -> leaveNow(uid, one));
              } else {
                leaveNow(uid, one);
              }
            }
          });
    }
    return CompletableFuture.allOf(left.toArray(CompletableFuture[]::new));
  }

  private void leaveNow(String uid, CompletableFuture<Void> left) throws InterruptedException {
    try {
      drop(uid, true);
    } finally {
      left.complete(null);
    }
  }

  /// Takes a namespace that the runtime has made for a pod, and enrols the pod.
  ///
  /// @return completes when the first attempt has ended
  public CompletableFuture<AgentReply> offer(String uid, MeshPod.Offer offer) {
    return tasks.ask(
        uid,
        reply -> {
          MeshPod pod = pods.get(uid);
          if (pod == null || pod.wish == null) {
            // The view has changed since the plugin's request was looked up in it.
            reply.complete(AgentReply.done("not in the mesh any more"));
            return;
          }
          pod.offer = offer;
          reply.complete(reply(advanceOnce(pod)));
          firstCheck(pod);
        });
  }

  /// The runtime is taking a sandbox away.
  public CompletableFuture<AgentReply> withdraw(String uid, String containerId) {
    MeshPod pod = pods.get(uid);
    if (pod == null) {
      return CompletableFuture.completedFuture(AgentReply.done("not known"));
    }
    return tasks.ask(uid, reply -> reply.complete(withdraw(pod, containerId)));
  }

  /// Is the pod captured?
  public CompletableFuture<AgentReply> prove(String uid) {
    return tasks.ask(
        uid,
        reply -> {
          MeshPod pod = pods.get(uid);
          boolean captured =
              pod != null && pod.captured && watch.check(pod) != Watch.Finding.BROKEN;
          reply.complete(
              captured
                  ? AgentReply.done("captured")
                  : new AgentReply(CniException.AGENT_REFUSED, "the pod is not captured", ""));
        });
  }

  /// A proxy has come: whoever waits for one goes on.
  public void proxyCame() {
    pods.values().stream()
        .filter(pod -> !pod.captured && pod.wish != null)
        .forEach(pod -> tasks.submit(pod.uid, () -> advance(pod.uid)));
  }

  /// Checks the pod that waited longest, if it has waited long enough.
  public void tick() {
    long now = nanoTime.getAsLong();
    MeshPod next =
        pods.values().stream()
            .filter(pod -> pod.captured)
            .min(Comparator.comparingLong(pod -> pod.checkedAt - now))
            .orElse(null);
    if (next != null && now - next.checkedAt >= timing.check().toNanos()) {
      next.checkedAt = now;
      tasks.submit(next.uid, () -> check(next));
    }
    reports.pods(
        (int) pods.values().stream().filter(pod -> pod.captured).count(),
        (int) pods.values().stream().filter(pod -> pod.broken).count());
  }

  /// Sets the wish so that a removal that runs at the same time does not lose it.
  private void wish(String uid, @Nullable Wish wish) {
    pods.compute(
        uid,
        (key, present) -> {
          MeshPod pod = present == null ? new MeshPod(uid) : present;
          pod.wish = wish;
          return pod;
        });
  }

  /// Compares the captured pods with the identities that the proxy can speak for. Only reported,
  /// never shown as not captured: peers would take a pod whose certificate is late for one that
  /// speaks plaintext. One thread.
  ///
  /// @param available SPIFFE URIs
  public void identities(Set<String> available) {
    for (MeshPod pod : pods.values()) {
      Wish wish = pod.wish;
      if (pod.captured && wish != null) {
        String end = "/ns/" + wish.key().namespace() + "/sa/" + wish.serviceAccount();
        boolean held = available.stream().anyMatch(identity -> identity.endsWith(end));
        int misses = held ? 0 : pod.identityMisses + 1;
        if (misses == ProxyCertificates.PATIENCE) {
          reports.mismatch(
              wish.key(),
              new Mismatch(Mismatch.Kind.IDENTITY, "ztunnel holds no certificate for " + end));
        } else if (held && pod.identityMisses >= ProxyCertificates.PATIENCE) {
          reports.repaired(wish.key(), Mismatch.Kind.IDENTITY);
        }
        pod.identityMisses = misses;
      }
    }
  }

  /// UIDs of the pods that are remembered.
  Set<String> known() {
    return Set.copyOf(pods.keySet());
  }

  private void advance(String uid) throws InterruptedException {
    MeshPod pod = pods.get(uid);
    if (pod == null) {
      // It has left since this was queued.
      return;
    }
    boolean before = pod.captured;
    var _ = advanceOnce(pod);
    if (pod.captured && !before) {
      firstCheck(pod);
    }
  }

  private Outcome advanceOnce(MeshPod pod) throws InterruptedException {
    Outcome outcome = journey.advance(pod);
    Wish wish = pod.wish;
    switch (outcome) {
      case Outcome.Arrived() -> pod.attempts = 0;
      case Outcome.Waiting(String _) -> {
        if (wish != null && wish.redirection().equals("enabled")) {
          // Left by a former life of the node: until it is captured again it is not true.
          watch.show(pod, wish, "pending");
        }
        retry(pod, timing.lastRetry());
      }
      case Outcome.Failed(String reason) -> {
        pod.attempts++;
        if (wish != null) {
          reports.enrolFailed(wish.key(), pod.uid, reason, pod.attempts);
          watch.show(pod, wish, "pending");
        }
        long factor = 1L << Math.min(pod.attempts - 1, 16);
        Duration pause = timing.firstRetry().multipliedBy(factor);
        retry(pod, pause.compareTo(timing.lastRetry()) > 0 ? timing.lastRetry() : pause);
      }
    }
    return outcome;
  }

  private void retry(MeshPod pod, Duration pause) {
    if (pod.wish != null) {
      later(pause, pod.uid, () -> retryNow(pod));
    }
  }

  private void retryNow(MeshPod pod) throws InterruptedException {
    if (!pod.captured && pod.wish != null) {
      advance(pod.uid);
    }
  }

  private void check(MeshPod pod) throws InterruptedException {
    if (!pod.captured) {
      return;
    }
    pod.checkedAt = nanoTime.getAsLong();
    if (watch.check(pod) == Watch.Finding.LOOK_AGAIN) {
      later(timing.suspicion(), pod.uid, () -> check(pod));
    }
  }

  private void firstCheck(MeshPod pod) throws InterruptedException {
    if (!pod.captured) {
      return;
    }
    pod.checkedAt = nanoTime.getAsLong();
    if (watch.first(pod) == Watch.Finding.LOOK_AGAIN) {
      later(timing.suspicion(), pod.uid, () -> check(pod));
    }
  }

  private void later(Duration pause, String uid, PodTasks.Task task) {
    var _ = timer.schedule(() -> tasks.submit(uid, task), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /// @param stays whether the pod lives on outside the mesh, so that it has to be cleaned
  private void drop(String uid, boolean stays) throws InterruptedException {
    MeshPod pod = pods.get(uid);
    if (pod == null || pod.wish != null) {
      return;
    }
    if (stays) {
      Outcome outcome = journey.advance(pod);
      if (outcome instanceof Outcome.Waiting) {
        later(timing.drain(), uid, () -> drop(uid, true));
        return;
      }
      if (outcome instanceof Outcome.Failed(String reason)) {
        reports.log().warn("pod not removed", "uid", uid, "error", reason);
        later(timing.lastRetry(), uid, () -> drop(uid, true));
        return;
      }
    } else {
      forget(pod, "it is gone");
    }
    pods.computeIfPresent(uid, (key, present) -> present.wish == null ? null : present);
  }

  private AgentReply withdraw(MeshPod pod, String containerId) throws InterruptedException {
    MeshPod.Offer offer = pod.offer;
    if (offer == null || !offer.containerId().equals(containerId)) {
      return AgentReply.done("another sandbox");
    }
    pod.offer = null;
    forget(pod, "its sandbox is gone");
    return AgentReply.done("removed");
  }

  private void forget(MeshPod pod, String why) throws InterruptedException {
    try {
      journey.forget(pod, why);
    } catch (IOException e) {
      reports.mismatch(null, new Mismatch(Mismatch.Kind.PROBES, String.valueOf(e.getMessage())));
    }
  }

  private static AgentReply reply(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Arrived() -> AgentReply.done("enrolled");
      case Outcome.Waiting(String reason) -> new AgentReply(CniException.AGENT_REFUSED, reason, "");
      case Outcome.Failed(String reason) ->
          new AgentReply(CniException.TRY_AGAIN_LATER, reason, "");
    };
  }
}
