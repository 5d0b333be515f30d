package adit.hbone;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The `traceparent` header (W3C Trace Context, version 00).
///
/// @param traceId 32 lower-case hexadecimal digits, not all zero
/// @param parentId 16 lower-case hexadecimal digits, not all zero
/// @param flags `0..255`
public record Traceparent(String traceId, String parentId, int flags) {
  private static final int LENGTH = 55;
  private static final String HEX = "0123456789abcdef";

  /// A new trace: random identifiers, not sampled.
  public static Traceparent random(RandomGenerator random) {
    return new Traceparent(hex(random, 32), hex(random, 16), 0);
  }

  /// Writes `00-<trace>-<parent>-<flags>`.
  public String header() {
    return "00-"
        + traceId
        + '-'
        + parentId
        + '-'
        + HEX.charAt((flags >> 4) & 15)
        + HEX.charAt(flags & 15);
  }

  /// Reads a header value; null for everything that is not exactly of the form, whatever a peer
  /// sends.
  public static @Nullable Traceparent parseOrNull(@Nullable String header) {
    if (header == null || !hasForm(header) || header.startsWith("ff")) {
      return null;
    }
    boolean identified = !isZero(header, 3, 35) && !isZero(header, 36, 52);
    return identified
        ? new Traceparent(
            header.substring(3, 35), header.substring(36, 52), Integer.parseInt(header, 53, 55, 16))
        : null;
  }

  private static boolean hasForm(String header) {
    return header.length() == LENGTH
        && header.charAt(2) == '-'
        && header.charAt(35) == '-'
        && header.charAt(52) == '-'
        && isHex(header, 0, 2)
        && isHex(header, 3, 35)
        && isHex(header, 36, 52)
        && isHex(header, 53, 55);
  }

  private static String hex(RandomGenerator random, int digits) {
    StringBuilder out = new StringBuilder(digits);
    for (int i = 0; i < digits; i += 16) {
      long bits = random.nextLong() | 1;
      for (int shift = 60; shift >= 0; shift -= 4) {
        out.append(HEX.charAt((int) (bits >>> shift) & 15));
      }
    }
    return out.toString();
  }

  private static boolean isHex(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (HEX.indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZero(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text.charAt(i) != '0') {
        return false;
      }
    }
    return true;
  }
}
