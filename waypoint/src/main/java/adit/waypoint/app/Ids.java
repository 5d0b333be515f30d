package adit.waypoint.app;

import java.util.UUID;
import java.util.random.RandomGenerator;

/// Ids of requests and refusals: random UUIDs, without the cost of a secure source.
final class Ids {
  private Ids() {}

  static String next(RandomGenerator random) {
    long high = (random.nextLong() & ~0xF000L) | 0x4000L;
    long low = (random.nextLong() & 0x3FFFFFFFFFFFFFFFL) | 0x8000000000000000L;
    return new UUID(high, low).toString();
  }
}
