package adit.waypoint.balance;

import adit.l7.TrafficPolicy.Warmup;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What each of some endpoints may have of the requests, by capacity and age. Pure.
final class Weights {
  private static final Weights EVEN = new Weights(null, 0);

  // Null: all the same.
  private final double @Nullable [] each;
  private final double total;

  private Weights(double @Nullable [] each, double total) {
    this.each = each;
    this.total = total;
  }

  static Weights of(Tier tier, List<Picked.One> usable, @Nullable Warmup warmup, long nanos) {
    boolean even = tier.even();
    if (even && warmup == null) {
      return EVEN;
    }
    double[] each = new double[usable.size()];
    double total = 0;
    for (int i = 0; i < each.length; i++) {
      Picked.One one = usable.get(i);
      double share = warmup == null ? 1 : one.load().share(warmup, nanos);
      even &= share == 1;
      each[i] = Math.max(1, one.endpoint().workload().capacity()) * share;
      total += each[i];
    }
    return even ? EVEN : new Weights(each, total);
  }

  boolean isEven() {
    return each == null;
  }

  /// One of `size`, by weight.
  int draw(RandomGenerator random, int size) {
    double[] weights = each;
    if (weights == null) {
      return random.nextInt(size);
    }
    double ticket = random.nextDouble(total);
    for (int i = 0; i < weights.length; i++) {
      ticket -= weights[i];
      if (ticket < 0) {
        return i;
      }
    }
    return weights.length - 1;
  }

  /// How much it has to do, for what it may have.
  double burden(Picked.One one, int index) {
    double[] weights = each;
    return weights == null ? one.load().active() : one.load().active() / weights[index];
  }
}
