package adit.waypoint.balance;

import adit.l7.TrafficPolicy.ConnectionPool;
import adit.l7.TrafficPolicy.RetryBudget;
import adit.l7.TrafficPolicy.Settings;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// How many requests to one service are let through, wait, or are refused. Thread-safe.
///
/// With HTTP/1.1 a connection carries one request, so its limit of connections is one of requests;
/// those above it wait, up to the limit of pending ones.
public final class Circuit {
  private static final int MOST_PENDING = 1024;

  private final AtomicInteger active = new AtomicInteger();
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicInteger retrying = new AtomicInteger();
  private final Queue<Waiter> waiting = new ConcurrentLinkedQueue<>();

  /// A request that waits until fewer than `connections` are in progress.
  private record Waiter(int connections, Runnable go, Executor loop) {}

  /// What becomes of a request.
  public enum Entry {
    /// It goes on at once; [Circuit#leave()] must follow.
    ENTERED,
    /// It will be told to go on.
    WAITS,
    /// There is no room.
    OVERFLOW
  }

  /// A request wants in.
  ///
  /// @param pool null: no limits
  /// @param http2 whether connections carry many requests
  /// @param go runs on `loop` when a waiting request may go on
  public Entry enter(@Nullable ConnectionPool pool, boolean http2, Runnable go, Executor loop) {
    int most = pool == null || pool.maxRequests() == 0 ? Integer.MAX_VALUE : pool.maxRequests();
    int connections =
        pool == null || http2 || pool.maxConnections() == 0
            ? Integer.MAX_VALUE
            : pool.maxConnections();
    if (enterBelow(Math.min(most, connections))) {
      return Entry.ENTERED;
    }
    if (pool == null || active.get() >= most) {
      return Entry.OVERFLOW;
    }
    int limit = pool.maxPending() == 0 ? MOST_PENDING : pool.maxPending();
    if (pending.incrementAndGet() > limit) {
      pending.decrementAndGet();
      return Entry.OVERFLOW;
    }
    waiting.add(new Waiter(connections, go, loop));
    // The last one may have left before it could see who waits.
    admit();
    return Entry.WAITS;
  }

  /// Counts the request among those in progress, if fewer than `limit` are.
  private boolean enterBelow(int limit) {
    int now = active.get();
    while (now < limit) {
      if (active.compareAndSet(now, now + 1)) {
        return true;
      }
      now = active.get();
    }
    return false;
  }

  /// A request has ended; one that waits takes its place.
  public void leave() {
    active.decrementAndGet();
    admit();
  }

  private void admit() {
    Waiter first = waiting.peek();
    while (first != null && enterBelow(first.connections)) {
      Waiter next = waiting.poll();
      if (next == null) {
        // Another thread has admitted it.
        active.decrementAndGet();
      } else {
        pending.decrementAndGet();
        next.loop.execute(next.go);
      }
      first = waiting.peek();
    }
  }

  /// A request in progress wants to be a retry.
  ///
  /// @return whether it may; [#leaveRetry()] must follow then
  public boolean enterRetry(Settings settings) {
    RetryBudget budget = settings.retryBudget();
    ConnectionPool pool = settings.connectionPool();
    int most = pool == null || pool.maxRetries() == 0 ? Integer.MAX_VALUE : pool.maxRetries();
    if (budget != null) {
      most = Math.max(budget.minimum(), (int) (active.get() * budget.percent() / 100));
    }
    if (retrying.incrementAndGet() > most) {
      retrying.decrementAndGet();
      return false;
    }
    return true;
  }

  /// A retry has ended.
  public void leaveRetry() {
    retrying.decrementAndGet();
  }

  /// Requests that wait.
  public int pending() {
    return pending.get();
  }

  /// Requests in progress.
  public int active() {
    return active.get();
  }
}
