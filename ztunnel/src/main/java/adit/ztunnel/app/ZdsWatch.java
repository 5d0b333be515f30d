package adit.ztunnel.app;

import adit.telemetry.Log;
import adit.telemetry.Readiness;
import adit.ztunnel.zds.PodRoster;
import adit.ztunnel.zds.ZdsClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What the node agent's connection means for readiness, metrics and the log. On the ZDS thread.
///
/// A proxy that has its pods serves them whether the agent is there or not, and a DaemonSet deletes
/// an old pod that is not ready at once, before the new one can serve. So an agent that restarts is
/// waited for.
final class ZdsWatch implements ZdsClient.Listener {
  private static final String TASK = "workload proxy manager";

  private final Log log;
  private final Readiness readiness;
  private final PodProxies pods;
  private final Duration grace;
  private final ScheduledExecutorService timer;
  private Readiness.@Nullable Task pending;
  private @Nullable Future<?> patience;
  private String lastReason = "";

  /// @param snapshot what [#pending] gave, from before anything else was ready
  /// @param grace how long an agent may be away, once its pods are known, before we are not ready
  ZdsWatch(
      Log log,
      Readiness readiness,
      Readiness.Task snapshot,
      PodProxies pods,
      Duration grace,
      ScheduledExecutorService timer) {
    this.log = log;
    this.readiness = readiness;
    this.pods = pods;
    this.grace = grace;
    this.timer = timer;
    this.pending = snapshot;
  }

  /// The node agent has not told its pods yet.
  static Readiness.Task pending(Readiness readiness) {
    return readiness.pending(TASK);
  }

  @Override
  public void changed(PodRoster roster) {
    pods.note(roster);
    if (roster.ready()) {
      ready();
    } else if (roster.isFollowing() || grace.isZero()) {
      unready();
    } else {
      await();
    }
  }

  private synchronized void ready() {
    forgetPatience();
    if (pending != null) {
      pending.done();
      pending = null;
    }
  }

  private synchronized void unready() {
    forgetPatience();
    if (pending == null) {
      pending = pending(readiness);
    }
  }

  private synchronized void await() {
    if (pending == null && patience == null) {
      patience = timer.schedule(this::runOut, grace.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void runOut() {
    if (patience != null) {
      log.error("the node agent is away for long", "grace", grace.toSeconds() + "s");
      unready();
    }
  }

  private void forgetPatience() {
    if (patience != null) {
      patience.cancel(false);
      patience = null;
    }
  }

  @Override
  public void connected(Path socket) {
    lastReason = "";
    log.info("connected to the node agent", "socket", socket);
  }

  @Override
  public void disconnected(String reason, Duration retryIn) {
    // A node agent that is away for long must not fill the log.
    if (!reason.equals(lastReason)) {
      lastReason = reason;
      log.warn(
          "no connection to the node agent", "error", reason, "retry", retryIn.toMillis() + "ms");
    }
  }

  @Override
  public void refused(String reason) {
    log.error("message of the node agent refused", "error", reason);
  }
}
