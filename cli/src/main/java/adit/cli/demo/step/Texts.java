package adit.cli.demo.step;

/// Texts for one line of a terminal.
final class Texts {
  private static final int LONGEST = 160;

  private Texts() {}

  static String shortened(String text) {
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
  }
}
