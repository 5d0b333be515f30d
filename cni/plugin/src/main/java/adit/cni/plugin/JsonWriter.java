package adit.cni.plugin;

import java.util.Map;

/// Writes a [Json] value as one line of valid UTF-16 text: control characters and unpaired
/// surrogates are escaped.
public final class JsonWriter {
  private final StringBuilder out = new StringBuilder(512);

  private JsonWriter() {}

  /// The value as text.
  public static String write(Json value) {
    JsonWriter writer = new JsonWriter();
    writer.value(value);
    return writer.out.toString();
  }

  private void value(Json value) {
    if (value instanceof Json.Obj object) {
      object(object);
    } else if (value instanceof Json.Arr array) {
      array(array);
    } else if (value instanceof Json.Str text) {
      string(text.value());
    } else if (value instanceof Json.Num number) {
      out.append(number.text());
    } else if (value instanceof Json.Bool bool) {
      out.append(bool.value());
    } else {
      out.append("null");
    }
  }

  private void object(Json.Obj object) {
    out.append('{');
    boolean first = true;
    for (Map.Entry<String, Json> member : object.members().entrySet()) {
      if (!first) {
        out.append(',');
      }
      first = false;
      string(member.getKey());
      out.append(':');
      value(member.getValue());
    }
    out.append('}');
  }

  private void array(Json.Arr array) {
    out.append('[');
    boolean first = true;
    for (Json element : array.elements()) {
      if (!first) {
        out.append(',');
      }
      first = false;
      value(element);
    }
    out.append(']');
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || isUnpaired(text, i)) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
          out.append(Character.forDigit(c >> shift & 0xf, 16));
        }
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private static boolean isUnpaired(String text, int at) {
    char c = text.charAt(at);
    if (Character.isHighSurrogate(c)) {
      return at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1));
    }
    return Character.isLowSurrogate(c)
        && (at == 0 || !Character.isHighSurrogate(text.charAt(at - 1)));
  }
}
