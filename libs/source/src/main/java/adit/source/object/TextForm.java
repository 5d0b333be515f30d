package adit.source.object;

import java.net.InetAddress;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// What a string must look like, and how to say so.
///
/// @param test whether a string does
/// @param expected words for the message
record TextForm(Predicate<String> test, String expected) {
  /// A port in a policy: a string there, not a number.
  static final TextForm PORT = new TextForm(TextForm::isPort, "a port 1..65535, in quotes");

  /// An address or a range of addresses.
  static final TextForm RANGE =
      new TextForm(TextForm::isRange, "an address or a CIDR, as in 10.1.0.0/16 or fd00::1");

  /// Anything but nothing.
  static final TextForm SOME = new TextForm(text -> !text.isEmpty(), "a value");

  /// A service account of a namespace, the policy's own by default.
  static final TextForm ACCOUNT =
      new TextForm(
          Pattern.compile("([-a-z0-9]{1,63}/)?[-a-z0-9.]{1,253}").asMatchPredicate(),
          "a service account, as in name or namespace/name, without wildcards");

  private static final Predicate<String> QUAD =
      Pattern.compile("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}").asMatchPredicate();
  private static final Predicate<String> COLONS =
      Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*").asMatchPredicate();
  private static final Predicate<String> LENGTH = Pattern.compile("\\d{1,3}").asMatchPredicate();

  private static boolean isPort(String text) {
    return text.matches("[1-9]\\d{0,4}") && Integer.parseInt(text) <= 65_535;
  }

  private static boolean isRange(String text) {
    int slash = text.indexOf('/');
    String base = slash < 0 ? text : text.substring(0, slash);
    // The JDK also takes 10.1 and fe80::1%eth0.
    if (!QUAD.test(base) && !COLONS.test(base)) {
      return false;
    }
    int bits;
    try {
      bits = InetAddress.ofLiteral(base).getAddress().length * 8;
    } catch (IllegalArgumentException _) {
      return false;
    }
    String length = text.substring(slash + 1);
    return slash < 0 || (LENGTH.test(length) && Integer.parseInt(length) <= bits);
  }
}
