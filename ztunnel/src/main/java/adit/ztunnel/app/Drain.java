package adit.ztunnel.app;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Lets the connections of pods finish: listeners close at once, so that a successor gets what
/// comes new; what is open goes on until it ends or the deadline is there.
final class Drain {
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration TO_CUT = Duration.ofSeconds(1);

  private final List<PodProxy> pods;
  private final Duration deadline;
  private final LongSupplier nanoTime;

  Drain(List<PodProxy> pods, Duration deadline, LongSupplier nanoTime) {
    this.pods = pods;
    this.deadline = deadline;
    this.nanoTime = nanoTime;
  }

  /// @return whether every connection has ended by itself
  boolean run() throws InterruptedException {
    pods.forEach(PodProxy::drain);
    return areOver(deadline);
  }

  /// Cuts what is left; returns when that is in the log.
  void cut() throws InterruptedException {
    pods.forEach(PodProxy::stop);
    var _ = areOver(TO_CUT);
  }

  private boolean areOver(Duration within) throws InterruptedException {
    long end = nanoTime.getAsLong() + within.toNanos();
    while (open() > 0) {
      if (end - nanoTime.getAsLong() <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
    }
    return true;
  }

  private long open() {
    return pods.stream().mapToLong(PodProxy::connections).sum();
  }
}
