package adit.l7;

import adit.model.InvalidResource;

/// Replacements of regular expressions, from RE2's form to the engine's.
final class Substitution {
  private Substitution() {}

  /// `\1` becomes `$1`; what the engine would take for a group is escaped.
  static String javaForm(Checked checked, String field, String text) throws InvalidResource {
    StringBuilder out = new StringBuilder(checked.text(field, text).length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '$') {
        out.append("\\$");
      } else if (c != '\\') {
        out.append(c);
      } else if (i + 1 == text.length()) {
        throw checked.bad(field, text, "a digit or \\ after \\");
      } else {
        char next = text.charAt(++i);
        if (next >= '0' && next <= '9') {
          // A group has one digit here; what follows is text.
          out.append('$').append(next);
          if (i + 1 < text.length() && Character.isDigit(text.charAt(i + 1))) {
            out.append('\\').append(text.charAt(++i));
          }
        } else if (next == '\\') {
          out.append("\\\\");
        } else {
          throw checked.bad(field, text, "a digit or \\ after \\");
        }
      }
    }
    return out.toString();
  }
}
