package adit.cni.plugin;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads one JSON document (RFC 8259) of bounded size, depth and number of values. Strict: no
/// comments, no trailing commas, no duplicate member names, nothing after the value.
public final class JsonReader {
  /// Documents nest at most this deep; a CNI result nests about six deep.
  public static final int MAX_DEPTH = 64;

  /// A document holds at most this many values, members included.
  public static final int MAX_VALUES = 100_000;

  private final String text;
  private int at;
  private int values;

  private JsonReader(String text) {
    this.text = text;
  }

  /// Reads UTF-8 bytes.
  ///
  /// @throws JsonException when they are not one JSON document within the bounds
  public static Json read(byte[] utf8) {
    try {
      return read(
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(utf8))
              .toString());
    } catch (CharacterCodingException e) {
      JsonException failure =
          new JsonException("document: not UTF-8 (expected: a JSON document in UTF-8)");
      failure.initCause(e);
      throw failure;
    }
  }

  /// Reads text.
  ///
  /// @throws JsonException when it is not one JSON document within the bounds
  public static Json read(String text) {
    JsonReader reader = new JsonReader(text);
    reader.skipSpace();
    Json value = reader.value(0);
    reader.skipSpace();
    if (reader.at != text.length()) {
      throw reader.unexpected("the end of the document");
    }
    return value;
  }

  private Json value(int depth) {
    if (depth > MAX_DEPTH) {
      throw new JsonException(
          "depth: more than "
              + MAX_DEPTH
              + " at offset "
              + at
              + " (expected: at most "
              + MAX_DEPTH
              + ")");
    }
    if (++values > MAX_VALUES) {
      throw new JsonException(
          "values: more than " + MAX_VALUES + " (expected: at most " + MAX_VALUES + ")");
    }
    char c = peek();
    if (c == '{') {
      return object(depth);
    }
    if (c == '[') {
      return array(depth);
    }
    if (c == '"') {
      return new Json.Str(string());
    }
    if (c == '-' || isDigit(c)) {
      return number();
    }
    return literal();
  }

  private Json object(int depth) {
    at++;
    skipSpace();
    Map<String, Json> members = new LinkedHashMap<>();
    if (peek() == '}') {
      at++;
      return new Json.Obj(members);
    }
    while (true) {
      if (peek() != '"') {
        throw unexpected("a member name");
      }
      String name = string();
      skipSpace();
      expect(':');
      skipSpace();
      if (members.put(name, value(depth + 1)) != null) {
        throw new JsonException(
            "member: \"" + name + "\" appears twice (expected: unique member names)");
      }
      skipSpace();
      if (peek() == '}') {
        at++;
        return new Json.Obj(members);
      }
      expect(',');
      skipSpace();
    }
  }

  private Json array(int depth) {
    at++;
    skipSpace();
    List<Json> elements = new ArrayList<>();
    if (peek() == ']') {
      at++;
      return new Json.Arr(elements);
    }
    while (true) {
      elements.add(value(depth + 1));
      skipSpace();
      if (peek() == ']') {
        at++;
        return new Json.Arr(elements);
      }
      expect(',');
      skipSpace();
    }
  }

  private String string() {
    at++;
    int start = at;
    while (at < text.length()
        && text.charAt(at) != '"'
        && text.charAt(at) != '\\'
        && text.charAt(at) >= 0x20) {
      at++;
    }
    if (peek() == '"') {
      return text.substring(start, at++);
    }
    StringBuilder value = new StringBuilder(text.length() < 64 ? 16 : 64).append(text, start, at);
    while (true) {
      char c = peek();
      at++;
      if (c == '"') {
        return value.toString();
      }
      if (c < 0x20) {
        at--;
        throw unexpected("no control character in a string");
      }
      value.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    char c = peek();
    at++;
    if (c == 'u') {
      return unicode();
    }
    int known = "\"\\/bfnrt".indexOf(c);
    if (known < 0) {
      at--;
      throw unexpected("an escape of RFC 8259");
    }
    return "\"\\/\b\f\n\r\t".charAt(known);
  }

  private char unicode() {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      char c = peek();
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw unexpected("four hexadecimal digits");
      }
      code = code << 4 | digit;
      at++;
    }
    return (char) code;
  }

  private Json number() {
    int start = at;
    if (peek() == '-') {
      at++;
    }
    if (at < text.length() && text.charAt(at) == '0') {
      at++;
    } else {
      digits();
    }
    if (at < text.length() && text.charAt(at) == '.') {
      at++;
      digits();
    }
    if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
      at++;
      if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
        at++;
      }
      digits();
    }
    return new Json.Num(text.substring(start, at));
  }

  private void digits() {
    if (!isDigit(peek())) {
      throw unexpected("a digit");
    }
    while (at < text.length() && isDigit(text.charAt(at))) {
      at++;
    }
  }

  private Json literal() {
    if (text.startsWith("true", at)) {
      at += 4;
      return new Json.Bool(true);
    }
    if (text.startsWith("false", at)) {
      at += 5;
      return new Json.Bool(false);
    }
    if (text.startsWith("null", at)) {
      at += 4;
      return new Json.Null();
    }
    throw unexpected("a value");
  }

  private void skipSpace() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
        return;
      }
      at++;
    }
  }

  private void expect(char c) {
    if (peek() != c) {
      throw unexpected("'" + c + "'");
    }
    at++;
  }

  private char peek() {
    if (at >= text.length()) {
      throw new JsonException("document: ends at offset " + at + " (expected: more)");
    }
    return text.charAt(at);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private JsonException unexpected(String expected) {
    String seen = at < text.length() ? "character " + (int) text.charAt(at) : "end";
    return new JsonException(
        "document: " + seen + " at offset " + at + " (expected: " + expected + ")");
  }
}
