package adit.source.object;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Spans of time as Go writes them: numbers with units, one after the other.
final class Spans {
  private static final int LONGEST = 40;
  private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ns|us|ms|s|m|h)");

  private Spans() {}

  static @Nullable Duration parseOrNull(String text) {
    if (text.length() > LONGEST) {
      return null;
    }
    Matcher parts = PART.matcher(text);
    BigDecimal nanos = BigDecimal.ZERO;
    int end = 0;
    while (parts.find() && parts.start() == end) {
      long unit =
          switch (parts.group(2)) {
            case "ns" -> 1L;
            case "us" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
          };
      nanos = nanos.add(new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(unit)));
      end = parts.end();
    }
    BigDecimal most = BigDecimal.valueOf(Long.MAX_VALUE);
    return end == text.length() && end > 0 && nanos.compareTo(most) < 0
        ? Duration.ofNanos(nanos.longValue())
        : text.equals("0") ? Duration.ZERO : null;
  }
}
