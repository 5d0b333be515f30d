package adit.cli.waypoint;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// Asks again and again until waypoints are as they should be, or for as long as somebody waits.
final class Readiness {
  private static final Duration BETWEEN = Duration.ofMillis(500);

  private Readiness() {}

  static boolean await(
      WaypointHome home, String namespace, Duration patience, Predicate<List<Seen>> wanted)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    CountDownLatch never = new CountDownLatch(1);
    while (!wanted.test(home.list(namespace))) {
      if (System.nanoTime() >= deadline) {
        return false;
      }
      boolean _ = never.await(BETWEEN.toMillis(), TimeUnit.MILLISECONDS);
    }
    return true;
  }
}
