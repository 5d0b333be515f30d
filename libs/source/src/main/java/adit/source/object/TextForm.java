package adit.source.object;

import java.util.function.Predicate;
import java.util.regex.Pattern;

/// What a string of a policy must look like, and how to say so. Who translates a policy asks the
/// same forms as who reads it.
///
/// @param test whether a string does; linear in its length
/// @param expected words for the message
public record TextForm(Predicate<String> test, String expected) {
  private static final Predicate<String> DIGITS =
      Pattern.compile("[1-9]\\d{0,4}").asMatchPredicate();
  private static final int LAST_PORT = 65_535;

  /// A port in a policy: a string there, not a number.
  public static final TextForm PORT =
      new TextForm(text -> portOrZero(text) > 0, "a port 1..65535, in quotes");

  /// An address or a range of addresses.
  public static final TextForm RANGE =
      new TextForm(
          text -> IpRange.parseOrNull(text) != null,
          "an address or a CIDR, as in 10.1.0.0/16 or fd00::1");

  /// Anything but nothing.
  public static final TextForm SOME = new TextForm(text -> !text.isEmpty(), "a value");

  /// A service account of a namespace, the policy's own by default.
  public static final TextForm ACCOUNT =
      new TextForm(
          Pattern.compile("([-a-z0-9]{1,63}/)?[-a-z0-9.]{1,253}").asMatchPredicate(),
          "a service account, as in name or namespace/name, without wildcards");

  /// The port that `text` is, 0 if it is none.
  public static int portOrZero(String text) {
    int number = DIGITS.test(text) ? Integer.parseInt(text) : 0;
    return number <= LAST_PORT ? number : 0;
  }
}
