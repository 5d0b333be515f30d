package adit.waypoint.app;

import adit.testkit.Eventually;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// Waits until a counter has moved and moves no more.
final class Standstill {
  private static final long CALM_NANOS = 500_000_000;

  private Standstill() {}

  /// @return the counter when it has stood still for half a second
  static long of(String what, LongSupplier counter) {
    var last = new AtomicLong(-1);
    var since = new AtomicLong(System.nanoTime());
    Eventually.holds(
        what,
        Duration.ofSeconds(30),
        () -> {
          long now = counter.getAsLong();
          if (now != last.getAndSet(now)) {
            since.set(System.nanoTime());
          }
          long calm = System.nanoTime() - since.get();
          if (now <= 0 || calm <= CALM_NANOS) {
            throw new IllegalStateException("at " + now + " for " + calm / 1_000_000 + " ms");
          }
          return true;
        });
    return last.get();
  }
}
