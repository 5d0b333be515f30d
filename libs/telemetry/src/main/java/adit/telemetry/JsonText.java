package adit.telemetry;

/// Quotes text as a JSON string (RFC 8259, section 7).
final class JsonText {
  private static final String HEX = "0123456789abcdef";

  private JsonText() {}

  static void quote(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default ->
            character(
                out,
                c,
                i + 1 < text.length() ? text.charAt(i + 1) : 0,
                i == 0 ? 0 : text.charAt(i - 1));
      }
    }
    out.append('"');
  }

  private static void character(StringBuilder out, char c, int next, int previous) {
    boolean loneSurrogate =
        (Character.isHighSurrogate(c) && !Character.isLowSurrogate((char) next))
            || (Character.isLowSurrogate(c) && !Character.isHighSurrogate((char) previous));
    if (c < 0x20 || c == 0x7f || c == '\u2028' || c == '\u2029' || loneSurrogate) {
      out.append("\\u");
      for (int shift = 12; shift >= 0; shift -= 4) {
        out.append(HEX.charAt((c >> shift) & 0xf));
      }
    } else {
      out.append(c);
    }
  }
}
