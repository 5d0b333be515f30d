package adit.waypoint.flow;

import adit.l7.Backend;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// One of several backends, by weight. Pure.
final class Backends {
  private Backends() {}

  /// Null when all weights are 0, or there is none.
  static @Nullable Backend chooseOrNull(List<Backend> backends, RandomGenerator random) {
    long total = 0;
    for (Backend one : backends) {
      total += one.weight();
    }
    if (total == 0) {
      return null;
    }
    long ticket = random.nextLong(total);
    for (Backend one : backends) {
      ticket -= one.weight();
      if (ticket < 0) {
        return one;
      }
    }
    throw new AssertionError("ticket: " + ticket + " (expected: below the total)");
  }
}
