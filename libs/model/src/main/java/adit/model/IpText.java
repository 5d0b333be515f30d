package adit.model;

import java.net.Inet6Address;
import java.net.InetAddress;

/// Addresses as other programs write them: IPv6 in the short form of RFC 5952, which Java does not
/// know. Names of on-demand subscriptions, `config_dump` and logs are compared as text.
public final class IpText {
  private static final int GROUPS = 8;

  private IpText() {}

  /// `10.0.0.1`, `fd00::1`.
  public static String of(InetAddress ip) {
    return ip instanceof Inet6Address ? shortened(ip.getAddress()) : ip.getHostAddress();
  }

  private static String shortened(byte[] bytes) {
    int[] groups = new int[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      groups[i] = ((bytes[2 * i] & 0xFF) << 8) | (bytes[2 * i + 1] & 0xFF);
    }
    // The first of the longest runs of zeros, of at least two.
    int start = GROUPS;
    int length = 1;
    for (int i = 0; i < GROUPS; i++) {
      int run = zerosFrom(groups, i);
      if (run > length) {
        start = i;
        length = run;
      }
    }
    StringBuilder text = new StringBuilder(39);
    int at = 0;
    while (at < GROUPS) {
      if (at == start) {
        text.append("::");
        at += length;
      } else {
        text.append(at == 0 || at == start + length ? "" : ":");
        text.append(Integer.toHexString(groups[at]));
        at++;
      }
    }
    return text.toString();
  }

  private static int zerosFrom(int[] groups, int start) {
    int end = start;
    while (end < GROUPS && groups[end] == 0) {
      end++;
    }
    return end - start;
  }
}
