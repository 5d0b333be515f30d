package adit.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Waits for a state outside of this process, which has no event to wait for. Inside of it wait for
/// the event.
public final class Eventually {
  private static final long PAUSE_NANOS = 5_000_000;

  private Eventually() {}

  /// Returns when `condition` is true. What it throws counts as not yet.
  ///
  /// @throws AssertionError it was not within `timeout`; the cause is what the condition threw last
  public static void holds(Duration timeout, Callable<Boolean> condition) {
    holds("the condition", timeout, condition);
  }

  /// As [#holds(Duration, Callable)] with words for the message.
  public static void holds(String what, Duration timeout, Callable<Boolean> condition) {
    gives(what, timeout, () -> condition.call() ? Boolean.TRUE : null);
  }

  /// The first result of `probe` that is not null. What it throws counts as none.
  ///
  /// @throws AssertionError there was none within `timeout`; the cause is what the probe threw last
  public static <T> T gives(String what, Duration timeout, Callable<@Nullable T> probe) {
    long start = System.nanoTime();
    @Nullable Exception last;
    do {
      try {
        T result = probe.call();
        if (result != null) {
          return result;
        }
        last = null;
      } catch (Exception e) {
        last = e;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    } while (System.nanoTime() - start < timeout.toNanos());
    throw new AssertionError("not within " + timeout + ": " + what, last);
  }
}
