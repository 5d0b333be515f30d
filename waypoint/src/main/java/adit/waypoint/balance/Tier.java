package adit.waypoint.balance;

import java.util.List;

/// Endpoints of a group that are as near as each other.
///
/// @param known how many there are, usable or not
/// @param percent of requests, where shares are said; else 0
/// @param even whether all have the same capacity
record Tier(List<Picked.One> all, int known, int percent, boolean even) {
  private static final int WHOLE = 100;

  // Fewer than this many per cent may be missing before others help. Source: the reference's
  // overprovisioning factor, 1.4.
  private static final int OVERPROVISIONING = 140;

  static Tier of(List<Picked.One> all, int known, int percent) {
    boolean even =
        all.stream().map(one -> one.endpoint().workload().capacity()).distinct().count() < 2;
    return new Tier(List.copyOf(all), known, percent, even);
  }

  /// How many per cent of all requests it can take.
  ///
  /// @param usable how many of the endpoints are
  int health(int usable) {
    return known == 0 ? 0 : Math.min(WHOLE, usable * OVERPROVISIONING / known);
  }
}
