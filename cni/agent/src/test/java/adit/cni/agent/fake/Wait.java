package adit.cni.agent.fake;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/// Waits for the state of something outside this process.
public final class Wait {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private Wait() {}

  /// Until it holds, or an error with what was waited for.
  public static void until(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what);
      }
      LockSupport.parkNanos(20_000_000);
    }
  }
}
