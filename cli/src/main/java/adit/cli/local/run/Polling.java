package adit.cli.local.run;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// Waits for something that the kernel or another process does and that cannot be waited for.
public final class Polling {
  private static final long INTERVAL_NANOS = 10_000_000;

  private Polling() {}

  /// A question about the machine.
  @FunctionalInterface
  public interface Question {
    /// The answer now.
    boolean holds() throws IOException;
  }

  /// Asks until the answer is yes.
  ///
  /// @return whether that was so within the time
  public static boolean until(Duration longest, Question question) throws IOException {
    long end = System.nanoTime() + longest.toNanos();
    while (!question.holds()) {
      if (System.nanoTime() - end > 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(INTERVAL_NANOS);
    }
    return true;
  }
}
