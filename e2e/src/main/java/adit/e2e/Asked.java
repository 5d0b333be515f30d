package adit.e2e;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What became of one request, by what the sample's client says.
enum Asked {
  /// With a good status.
  ANSWERED,
  /// The connection was cut, as a policy does it.
  REFUSED,
  /// Everything else: not in time, no such name, nobody listens, another status. No policy does
  /// that.
  FAILED;

  private static final Pattern LINE = Pattern.compile("failed in \\d+ ms: (.*)");
  private static final Pattern CUT =
      Pattern.compile("connection closed|connection reset|broken pipe|connection aborted");

  static Asked of(Cluster.Ended ended) {
    if (ended.exit() == 0) {
      return ANSWERED;
    }
    for (String line : ended.out().lines().toList()) {
      Matcher failed = LINE.matcher(line);
      if (failed.matches() && CUT.matcher(failed.group(1).toLowerCase(Locale.ROOT)).find()) {
        return REFUSED;
      }
    }
    return FAILED;
  }
}
