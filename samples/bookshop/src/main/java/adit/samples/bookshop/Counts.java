package adit.samples.bookshop;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// How many requests ended how, and how long the good ones took. Safe for use by several threads.
final class Counts {
  private static final int MOST_SAMPLES = 1 << 18;
  private static final int MOST_REASONS = 16;

  private final Map<String, Integer> failures = new TreeMap<>();
  private final int[] micros = new int[MOST_SAMPLES];
  private int ok;
  private int failed;
  private int reconnects;
  private int repeats;

  synchronized void good(long nanos) {
    micros[ok % MOST_SAMPLES] =
        (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMicros(nanos));
    ok++;
  }

  synchronized void bad(String reason) {
    failed++;
    String key = failures.size() < MOST_REASONS ? reason : "other";
    failures.merge(key, 1, Integer::sum);
  }

  synchronized void reconnected() {
    reconnects++;
  }

  synchronized void repeated() {
    repeats++;
  }

  synchronized int failed() {
    return failed;
  }

  synchronized int total() {
    return ok + failed;
  }

  /// As one line of JSON.
  synchronized String json(String mode, double seconds) {
    int[] sorted = Arrays.copyOf(micros, Math.min(ok, MOST_SAMPLES));
    Arrays.sort(sorted);
    String reasons =
        failures.entrySet().stream()
            .map(entry -> quoted(entry.getKey()) + ":" + entry.getValue())
            .collect(Collectors.joining(","));
    return String.format(
        Locale.ROOT,
        """
        {"mode":%s,"seconds":%.1f,"requests":%d,"ok":%d,"failed":%d,"reconnects":%d,"repeats":%d,"failures":{%s},"p50Micros":%d,"p99Micros":%d,"maxMicros":%d}\
        """,
        quoted(mode),
        seconds,
        ok + failed,
        ok,
        failed,
        reconnects,
        repeats,
        reasons,
        at(sorted, 0.5),
        at(sorted, 0.99),
        at(sorted, 1));
  }

  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else {
        quoted.append(c < ' ' ? ' ' : c);
      }
    }
    return quoted.append('"').toString();
  }

  private static int at(int[] sorted, double share) {
    return sorted.length == 0
        ? 0
        : sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))];
  }
}
