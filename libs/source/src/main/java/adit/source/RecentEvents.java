package adit.source;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/// Remembers what was said lately, so that the same is said at most once a minute. Bounded. Owned
/// by one thread.
final class RecentEvents {
  private static final Duration AGAIN = Duration.ofMinutes(1);
  private static final int MOST = 4096;

  private final Clock clock;
  private final Map<String, Instant> said =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MOST;
        }
      };

  private final Map<String, Integer> counts =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
          return size() > MOST;
        }
      };

  RecentEvents(Clock clock) {
    this.clock = clock;
  }

  /// It was not said after all.
  void forget(String text) {
    said.remove(text);
  }

  /// How often this was asked for a name, this time included.
  int times(String name) {
    return counts.merge(name, 1, Integer::sum);
  }

  /// Whether this was not said within the last minute; it counts as said now.
  boolean isNew(String text) {
    Instant now = clock.instant();
    Instant last = said.get(text);
    if (last != null && now.isBefore(last.plus(AGAIN)) && !now.isBefore(last)) {
      return false;
    }
    said.put(text, now);
    return true;
  }
}
