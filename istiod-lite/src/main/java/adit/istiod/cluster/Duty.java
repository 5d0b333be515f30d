package adit.istiod.cluster;

import adit.telemetry.Log;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// Something in the cluster that has to be as it should: looked at when something may have changed,
/// and again, later and later, while it cannot be done.
final class Duty {
  private static final long SOON_MILLIS = 100;
  private static final long FIRST_RETRY_MILLIS = 500;
  private static final int MOST_DOUBLINGS = 6;

  private final String name;
  private final ScheduledExecutorService thread;
  private final BooleanSupplier leads;
  private final IntSupplier work;
  private final Log log;

  // These belong to the thread.
  private @Nullable ScheduledFuture<?> pending;
  private int failures;

  /// @param thread one task at a time
  /// @param leads whether it is ours to do
  /// @param work does what is missing; returns how much could not be done
  Duty(
      String name,
      ScheduledExecutorService thread,
      BooleanSupplier leads,
      IntSupplier work,
      Log log) {
    this.name = name;
    this.thread = thread;
    this.leads = leads;
    this.work = work;
    this.log = log;
  }

  /// Something may have changed. Any thread; many calls are one.
  void look() {
    try {
      thread.execute(this::soon);
    } catch (RejectedExecutionException _) {
      // Closed meanwhile.
    }
  }

  private void soon() {
    ScheduledFuture<?> waiting = pending;
    if (waiting == null || waiting.getDelay(TimeUnit.MILLISECONDS) > SOON_MILLIS) {
      schedule(SOON_MILLIS);
    }
  }

  private void schedule(long millis) {
    ScheduledFuture<?> waiting = pending;
    if (waiting != null) {
      waiting.cancel(false);
    }
    pending = thread.schedule(this::run, millis, TimeUnit.MILLISECONDS);
  }

  private void run() {
    pending = null;
    if (!leads.getAsBoolean()) {
      return;
    }
    int left;
    try {
      left = work.getAsInt();
    } catch (RuntimeException e) {
      log.warn("cannot be done yet, trying again", "duty", name, "error", e);
      left = 1;
    }
    failures = left == 0 ? 0 : failures + 1;
    if (left > 0) {
      schedule(FIRST_RETRY_MILLIS << Math.min(failures, MOST_DOUBLINGS));
    }
  }
}
