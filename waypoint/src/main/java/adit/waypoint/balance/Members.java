package adit.waypoint.balance;

import adit.l7.TrafficPolicy.Algorithm;
import adit.l7.TrafficPolicy.Outliers;
import adit.l7.TrafficPolicy.Warmup;
import adit.waypoint.view.Snapshot;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The endpoints of a group as they were in one snapshot, and how one of them is chosen.
///
/// @param tiers the nearest first; or, with shares, in any order
/// @param turn of those who are chosen in turn
record Members(
    Snapshot of,
    List<Tier> tiers,
    Algorithm algorithm,
    @Nullable Warmup warmup,
    @Nullable Outliers outliers,
    AtomicInteger turn) {
  private static final int WHOLE = 100;

  Stream<Picked.One> all() {
    return tiers.stream().flatMap(tier -> tier.all().stream());
  }

  /// Whether an endpoint is left alone for now: only where outliers are looked for, whatever it did
  /// elsewhere or before.
  boolean isEjected(Picked.One one, long nanos) {
    return outliers != null && one.load().isEjected(nanos);
  }

  /// The tier for the next request: the first, unless too much of it is missing, or one by its
  /// share.
  int start(RandomGenerator random, long nanos) {
    if (tiers.size() < 2) {
      return 0;
    }
    int[] loads = tiers.getFirst().percent() > 0 ? shares() : spill(nanos);
    int total = 0;
    for (int load : loads) {
      total += load;
    }
    int ticket = total == 0 ? 0 : random.nextInt(total);
    for (int i = 0; i < loads.length; i++) {
      ticket -= loads[i];
      if (ticket < 0) {
        return i;
      }
    }
    return 0;
  }

  private int[] shares() {
    return tiers.stream().mapToInt(tier -> tier.all().isEmpty() ? 0 : tier.percent()).toArray();
  }

  /// Each takes what it can of what those before it leave.
  private int[] spill(long nanos) {
    int[] loads = new int[tiers.size()];
    int left = WHOLE;
    for (int i = 0; i < loads.length; i++) {
      loads[i] = left == 0 ? 0 : Math.min(left, health(tiers.get(i), nanos));
      left -= loads[i];
    }
    return loads;
  }

  private int health(Tier tier, long nanos) {
    int usable = 0;
    for (Picked.One one : tier.all()) {
      usable += isEjected(one, nanos) ? 0 : 1;
    }
    return tier.health(usable);
  }
}
