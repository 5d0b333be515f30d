package adit.ztunnel.observe;

import adit.model.authorize.Refusal;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The last refusals, for `/refusals` and `adit explain`. Thread-safe.
public final class RefusalRing {
  /// One refusal with the connection it ended.
  public record Entry(
      Instant time,
      Direction direction,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination,
      Refusal refusal) {}

  private final int capacity;
  private final Clock clock;
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();

  public RefusalRing(int capacity, Clock clock) {
    this.capacity = capacity;
    this.clock = clock;
  }

  void add(
      Direction direction,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination,
      Refusal refusal) {
    var entry = new Entry(clock.instant(), direction, source, destination, refusal);
    synchronized (entries) {
      if (entries.size() == capacity) {
        entries.removeFirst();
      }
      entries.addLast(entry);
    }
  }

  /// Oldest first.
  public List<Entry> entries() {
    synchronized (entries) {
      return new ArrayList<>(entries);
    }
  }
}
