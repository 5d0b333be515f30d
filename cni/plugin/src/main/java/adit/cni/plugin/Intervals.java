package adit.cni.plugin;

/// When a repeated line is due: at once, then after one second, and each time after twice as long.
/// One thread.
final class Intervals {
  private static final long FIRST_NANOS = 1_000_000_000L;

  private long due;
  private long interval = FIRST_NANOS;

  /// @param start the time of a monotonic clock, in nanoseconds
  Intervals(long start) {
    due = start;
  }

  /// Whether the line is due; if so, the next one is due later.
  ///
  /// @param now the time of the same clock
  boolean isDue(long now) {
    if (now - due < 0) {
      return false;
    }
    due = now + interval;
    interval *= 2;
    return true;
  }
}
