package adit.hbone;

/// What may stand in a header value.
final class HeaderText {
  private HeaderText() {}

  /// Whether every character is visible ASCII or a space.
  static boolean isPrintable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }

  /// Whether `c` is an ASCII letter or digit.
  static boolean isLetterOrDigit(char c) {
    return c < 128 && Character.isLetterOrDigit(c);
  }
}
