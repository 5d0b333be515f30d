package adit.ztunnel.view;

import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.Workload;
import adit.telemetry.Log;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// What discovery says about one local pod, matched by name, namespace and service account.
///
/// ```
/// Unknown --pod known, all its policies here--> Governed <---------------------.
///    |                                             |  a policy it names is missing
///    '--pod known, a policy missing--> Incomplete  v                             |
///                                          ^---- Governed by the last whole set -+
///                                     grace over        the policy arrives
/// ```
///
/// State changes on the board's owner thread; it is read anywhere.
public final class LocalWorkload implements MeshBoard.Watcher, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final LocalPod pod;
  private final String node;
  private final Duration grace;
  private final MeshBoard board;
  private final ScheduledExecutorService owner;
  private final LongSupplier nanoTime;
  private final Log log;
  private final Queue<Promise<Standing>> waiting = new ConcurrentLinkedQueue<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Standing standing = new Standing.Unknown();
  // Owner's thread only.
  private Standing.@Nullable Governed whole;
  private long missingSince;
  private boolean missing;

  /// @param node the name of this node; empty matches any
  /// @param owner runs the board's changes; its thread owns the state of this object
  public LocalWorkload(
      LocalPod pod,
      String node,
      Duration grace,
      MeshBoard board,
      ScheduledExecutorService owner,
      LongSupplier nanoTime,
      Log log) {
    this.pod = pod;
    this.node = node;
    this.grace = grace;
    this.board = board;
    this.owner = owner;
    this.nanoTime = nanoTime;
    this.log = log;
  }

  /// Begins to follow the board.
  public void start() {
    owner.execute(() -> {
      board.add(this);
      update(board.view(), false);
    });
  }

  @Override
  public void close() {
    board.remove(this);
    listeners.clear();
  }

  public LocalPod pod() {
    return pod;
  }

  public Standing now() {
    return standing;
  }

  /// Runs `listener` on the owner's thread whenever a decision made before may be different now.
  public void whenDecisionsMayChange(Runnable listener) {
    listeners.add(listener);
  }

  /// The standing, after waiting a bounded time for one that allows a decision.
  public Future<Standing> await(EventLoop loop) {
    Standing known = standing;
    if (known instanceof Standing.Governed) {
      return loop.newSucceededFuture(known);
    }
    Promise<Standing> promise = loop.newPromise();
    waiting.add(promise);
    var timer =
        loop.schedule(
            () -> promise.trySuccess(standing), PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    var _ =
        promise.addListener(_ -> {
          var _ = timer.cancel(false);
          waiting.remove(promise);
        });
    // It may have become known between the read and the wait.
    if (standing instanceof Standing.Governed governed) {
      var _ = promise.trySuccess(governed);
    }
    return promise;
  }

  @Override
  public void changed(MeshView view, MeshChange change) {
    update(view, !change.policies().isEmpty() || !change.removedPolicies().isEmpty());
  }

  private void update(MeshView view, boolean policiesChanged) {
    Standing before = standing;
    Standing after = next(view);
    standing = after;
    if (after instanceof Standing.Governed) {
      release(after);
    }
    if (policiesChanged || decidesDifferently(before, after)) {
      listeners.forEach(Runnable::run);
    }
  }

  private void release(Standing governed) {
    for (var promise = waiting.poll(); promise != null; promise = waiting.poll()) {
      var _ = promise.trySuccess(governed);
    }
  }

  @SuppressWarnings("ReferenceEquality") // An unchanged workload is the same object in every view.
  private static boolean decidesDifferently(Standing before, Standing after) {
    if (before instanceof Standing.Governed one && after instanceof Standing.Governed other) {
      return one.governed() != other.governed() || one.workload() != other.workload();
    }
    return before.getClass() != after.getClass();
  }

  private Standing next(MeshView view) {
    Workload workload = view.localWorkload(pod.name(), pod.namespace(), pod.serviceAccount(), node);
    if (workload == null) {
      return new Standing.Unknown();
    }
    List<String> absent = view.missingPolicies(workload);
    if (absent.isEmpty()) {
      missing = false;
      whole = new Standing.Governed(workload, workload, view);
      return whole;
    }
    return withoutSome(workload, absent);
  }

  /// A policy that the workload names is not here: what was in force stays for the grace.
  private Standing withoutSome(Workload workload, List<String> absent) {
    long now = nanoTime.getAsLong();
    if (!missing) {
      missing = true;
      missingSince = now;
      log.warn("policies are missing", "pod", pod, "policies", String.join(", ", absent));
      var _ =
          owner.schedule(
              () -> update(board.view(), false), grace.toMillis() + 1, TimeUnit.MILLISECONDS);
    }
    long left = grace.toNanos() - (now - missingSince);
    Standing.Governed last = whole;
    if (last != null && left > 0) {
      return new Standing.Governed(workload, last.governed(), last.policies());
    }
    if (last != null) {
      whole = null;
      log.error(
          "policies are still missing: connections are refused",
          "pod",
          pod,
          "policies",
          String.join(", ", absent));
    }
    return new Standing.Incomplete(workload, absent);
  }
}
