package adit.waypoint.balance;

import adit.l7.TrafficPolicy.Outliers;
import adit.l7.TrafficPolicy.Warmup;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What is known of one endpoint from the requests that were sent to it. Thread-safe.
public final class EndpointLoad {
  private static final int MOST_EJECTIONS = 10;
  private static final long SECOND = 1_000_000_000L;

  private final AtomicInteger active = new AtomicInteger();
  private final AtomicInteger serverErrors = new AtomicInteger();
  private final AtomicInteger gatewayErrors = new AtomicInteger();
  private final AtomicInteger ejections = new AtomicInteger();
  private final AtomicLong ejectedUntil = new AtomicLong(Long.MIN_VALUE);
  private volatile long joined = Long.MIN_VALUE;

  /// Requests in progress.
  public int active() {
    return active.get();
  }

  /// A request begins.
  public void began() {
    active.incrementAndGet();
  }

  /// A request has ended.
  public void ended() {
    active.decrementAndGet();
  }

  /// It has come to a service that had endpoints before.
  void joined(long nanos) {
    joined = nanos;
  }

  /// The share of its weight that it gets as a new one, 1 when it is none any more.
  ///
  /// Source: the reference's slow start: `max(least, (elapsed / window) ^ (1 / aggression))`, with
  /// one second as the least elapsed time.
  double share(Warmup warmup, long nanos) {
    long since = joined;
    long window = warmup.time().toNanos();
    long elapsed = Math.max(SECOND, nanos - since);
    if (since == Long.MIN_VALUE || elapsed >= window) {
      return 1;
    }
    double grown = Math.pow((double) elapsed / window, 1 / warmup.aggression());
    return Math.max(warmup.minimumPercent() / 100.0, grown);
  }

  /// Whether it is left alone for now.
  boolean isEjected(long nanos) {
    return ejectedUntil.get() != Long.MIN_VALUE && nanos - ejectedUntil.get() < 0;
  }

  /// Notes an answer.
  ///
  /// @param status 0: there was none
  /// @return whether it should be ejected
  boolean answered(int status, @Nullable Outliers outliers) {
    if (outliers == null) {
      return false;
    }
    boolean gateway = status == 0 || (status >= 502 && status <= 504);
    boolean server = status == 0 || status >= 500;
    int inARow = server ? serverErrors.incrementAndGet() : reset(serverErrors);
    int gatewayInARow = gateway ? gatewayErrors.incrementAndGet() : reset(gatewayErrors);
    return (outliers.serverErrors() > 0 && inARow >= outliers.serverErrors())
        || (outliers.gatewayErrors() > 0 && gatewayInARow >= outliers.gatewayErrors());
  }

  private static int reset(AtomicInteger count) {
    if (count.get() != 0) {
      count.set(0);
    }
    return 0;
  }

  /// Leaves it alone, each time longer.
  void eject(long nanos, Outliers outliers) {
    int times = Math.min(MOST_EJECTIONS, ejections.incrementAndGet());
    ejectedUntil.set(nanos + outliers.ejection().toNanos() * times);
    serverErrors.set(0);
    gatewayErrors.set(0);
  }
}
