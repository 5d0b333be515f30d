package adit.hbone.wire;

/// How often a peer may do something that costs us and not it: a bucket that fills with time.
public final class Allowance {
  private static final long MAX_ELAPSED = 3_600_000_000_000L;

  private final String what;
  private final int burst;
  private final int perSecond;
  private long left;
  private long filledAt;

  /// A full bucket.
  ///
  /// @param what for the message
  /// @param burst how many at once
  /// @param perSecond how many more per second
  /// @param now nanoseconds
  public Allowance(String what, int burst, int perSecond, long now) {
    this.what = what;
    this.burst = burst;
    this.perSecond = perSecond;
    this.left = burst;
    this.filledAt = now;
  }

  /// Whether one can be taken without looking at the clock.
  public boolean takeQuickly() {
    return left > 0 && left-- > 0;
  }

  /// Takes one.
  ///
  /// @param now nanoseconds
  public void take(long now) throws ConnectionError {
    if (takeQuickly()) {
      return;
    }
    long elapsed = Math.min(now - filledAt, MAX_ELAPSED);
    long gained = elapsed * perSecond / 1_000_000_000L;
    filledAt = now;
    left = Math.min(burst, gained);
    if (!takeQuickly()) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many " + what);
    }
  }
}
