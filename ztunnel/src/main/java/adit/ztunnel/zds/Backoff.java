package adit.ztunnel.zds;

import java.time.Duration;
import java.util.random.RandomGenerator;

/// Doubling waits with a cap and twenty percent of jitter, so that the nodes of a cluster do not
/// come back in step. Not thread-safe.
final class Backoff {
  private static final double JITTER = 0.2;

  private final Duration first;
  private final Duration most;
  private final RandomGenerator random;
  private Duration next;

  Backoff(Duration first, Duration most, RandomGenerator random) {
    this.first = first;
    this.most = most;
    this.random = random;
    this.next = first;
  }

  void reset() {
    next = first;
  }

  Duration next() {
    double factor = 1 - JITTER + 2 * JITTER * random.nextDouble();
    Duration wait = Duration.ofNanos((long) (next.toNanos() * factor));
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(most) > 0 ? most : doubled;
    return wait.compareTo(most) > 0 ? most : wait;
  }
}
