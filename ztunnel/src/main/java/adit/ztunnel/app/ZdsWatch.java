package adit.ztunnel.app;

import adit.telemetry.Log;
import adit.telemetry.Readiness;
import adit.ztunnel.zds.PodRoster;
import adit.ztunnel.zds.ZdsClient;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What the node agent's connection means for readiness, metrics and the log. On the ZDS thread.
final class ZdsWatch implements ZdsClient.Listener {
  private static final String TASK = "workload proxy manager";

  private final Log log;
  private final Readiness readiness;
  private final PodProxies pods;
  private Readiness.@Nullable Task pending;
  private String lastReason = "";

  /// @param snapshot what [#pending] gave, from before anything else was ready
  ZdsWatch(Log log, Readiness readiness, Readiness.Task snapshot, PodProxies pods) {
    this.log = log;
    this.readiness = readiness;
    this.pods = pods;
    this.pending = snapshot;
  }

  /// The node agent has not told its pods yet.
  static Readiness.Task pending(Readiness readiness) {
    return readiness.pending(TASK);
  }

  @Override
  public void changed(PodRoster roster) {
    pods.note(roster);
    Readiness.Task task = pending;
    if (roster.ready() && task != null) {
      task.done();
      pending = null;
    } else if (!roster.ready() && task == null) {
      pending = pending(readiness);
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
