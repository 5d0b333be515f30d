package adit.source.object;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Addresses that begin alike. The one reader of addresses and CIDRs that users write.
///
/// @param base the first of them
/// @param length number of leading bits that count
public record IpRange(InetAddress base, int length) {
  // Of an IPv6 address with an IPv4 address at its end. What is longer is not looked at.
  private static final int LONGEST = 45;
  private static final Predicate<String> QUAD =
      Pattern.compile("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}").asMatchPredicate();
  private static final Predicate<String> LENGTH = Pattern.compile("\\d{1,3}").asMatchPredicate();

  /// `10.0.0.1`, `fd00::1`; null if `text` is no address literal.
  public static @Nullable InetAddress addressOrNull(String text) {
    // The JDK also takes 10.1, [::1] and fe80::1%eth0.
    if (text.length() > LONGEST || (!QUAD.test(text) && !isColons(text))) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static boolean isColons(String text) {
    return text.indexOf(':') >= 0
        && text.chars()
            .allMatch(c -> c == ':' || c == '.' || (c < 128 && Character.digit(c, 16) >= 0));
  }

  /// `10.0.0.0/8`, or a bare address for itself alone; null if `text` is neither. Bits of the base
  /// that do not count become 0.
  public static @Nullable IpRange parseOrNull(String text) {
    int slash = text.indexOf('/');
    InetAddress base = addressOrNull(slash < 0 ? text : text.substring(0, slash));
    if (base == null) {
      return null;
    }
    int bits = base.getAddress().length * Byte.SIZE;
    if (slash < 0) {
      return new IpRange(base, bits);
    }
    String length = text.substring(slash + 1);
    return LENGTH.test(length) && Integer.parseInt(length) <= bits
        ? new IpRange(masked(base, Integer.parseInt(length)), Integer.parseInt(length))
        : null;
  }

  private static InetAddress masked(InetAddress base, int length) {
    byte[] bytes = base.getAddress();
    for (int i = 0; i < bytes.length; i++) {
      int keep = Math.clamp(length - i * 8L, 0, 8);
      bytes[i] = (byte) (bytes[i] & (0xFF00 >> keep));
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError(e); // of as many bytes as an address
    }
  }
}
