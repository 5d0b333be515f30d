package adit.cli.cluster;

import java.util.List;

/// One line of `adit check`.
///
/// @param grade how it went
/// @param text what was looked at and seen
/// @param advice what to do, each a line of its own
record CheckResult(Grade grade, String text, List<String> advice) {
  CheckResult {
    advice = List.copyOf(advice);
  }

  /// How it went.
  enum Grade {
    GOOD("√"),
    /// Works, and something will not.
    WARNING("‼"),
    BAD("×");

    private final String sign;

    Grade(String sign) {
      this.sign = sign;
    }
  }

  static CheckResult good(String text) {
    return new CheckResult(Grade.GOOD, text, List.of());
  }

  static CheckResult warning(String text, String... advice) {
    return new CheckResult(Grade.WARNING, text, List.of(advice));
  }

  static CheckResult bad(String text, String... advice) {
    return new CheckResult(Grade.BAD, text, List.of(advice));
  }

  /// Good, or bad with advice.
  static CheckResult of(boolean good, String text, String... advice) {
    return good ? good(text) : bad(text, advice);
  }

  /// As it is printed.
  String lines() {
    StringBuilder lines = new StringBuilder(grade.sign).append(' ').append(text);
    for (String line : advice) {
      lines.append("\n    ").append(line);
    }
    return lines.toString();
  }
}
