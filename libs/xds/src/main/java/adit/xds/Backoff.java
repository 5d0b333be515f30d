package adit.xds;

import java.time.Duration;
import java.util.random.RandomGenerator;

/// Waits between attempts: twice as long each time, up to a limit, with a fifth of jitter so that a
/// restarted control plane is not met by all nodes at once.
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(10);
  static final Duration LIMIT = Duration.ofSeconds(15);

  private final RandomGenerator random;
  private long nextMillis = FIRST.toMillis();

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /// The attempt went well, so the next failure starts from the beginning.
  void reset() {
    nextMillis = FIRST.toMillis();
  }

  Duration next() {
    long wait = nextMillis;
    nextMillis = Math.min(nextMillis * 2, LIMIT.toMillis());
    return Duration.ofMillis(wait + random.nextLong(Math.max(1, wait / 5)));
  }
}
