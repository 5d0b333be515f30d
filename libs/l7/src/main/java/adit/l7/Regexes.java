package adit.l7;

import adit.model.InvalidResource;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;

/// Compiles users' regular expressions within bounds.
///
/// Matching is linear in the text, but its factor is the size of the compiled program, and counted
/// repetitions multiply that: `((a{1000}){1000}){1000}` is short. So the size is reckoned before
/// anything is compiled.
final class Regexes {
  private static final int MAX_LENGTH = 2048;
  private static final int MAX_DEPTH = 64;
  private static final long MAX_SIZE = 20_000;

  private Regexes() {}

  static Pattern compile(String resource, String field, String text, boolean ignoreCase)
      throws InvalidResource {
    if (text.length() > MAX_LENGTH) {
      throw new InvalidResource(
          resource, field, text.length() + " characters", "at most " + MAX_LENGTH);
    }
    if (sizeOrMinus(text) < 0) {
      throw new InvalidResource(
          resource,
          field,
          text,
          "a pattern of at most " + MAX_SIZE + " states, nested " + MAX_DEPTH);
    }
    try {
      return Pattern.compile(text, ignoreCase ? Pattern.CASE_INSENSITIVE : 0);
    } catch (PatternSyntaxException e) {
      throw new InvalidResource(resource, field, text, "RE2 syntax: " + e.getDescription());
    }
  }

  /// An upper bound of the program's size; -1 when it is too much.
  static long sizeOrMinus(String text) {
    Deque<Long> outer = new ArrayDeque<>();
    long sum = 0;
    long last = 0;
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      int next = i + 1;
      if (c == '(') {
        outer.push(sum);
        sum = 0;
        last = 0;
      } else if (c == ')' && !outer.isEmpty()) {
        last = sum + 2;
        sum = outer.pop() + last;
      } else if (c == '{' && repetition(text, i) > 0) {
        sum += last * (repetition(text, i) - 1L);
        last *= repetition(text, i);
        next = text.indexOf('}', i) + 1;
      } else {
        next = atomEnd(text, i);
        // A class may become a few ranges.
        last = 1L + (next - i) / 2;
        sum += last;
      }
      if (sum > MAX_SIZE || outer.size() > MAX_DEPTH) {
        return -1;
      }
      i = next;
    }
    return sum;
  }

  private static int atomEnd(String text, int from) {
    char c = text.charAt(from);
    if (c == '\\' && text.startsWith("\\Q", from)) {
      int end = text.indexOf("\\E", from);
      return end < 0 ? text.length() : end + 2;
    }
    if (c == '\\') {
      return Math.min(text.length(), from + 2);
    }
    if (c != '[') {
      return from + 1;
    }
    int i = from + 1;
    if (i < text.length() && text.charAt(i) == '^') {
      i++;
    }
    // A bracket that comes first is a member.
    i++;
    while (i < text.length() && text.charAt(i) != ']') {
      i += text.charAt(i) == '\\' ? 2 : 1;
    }
    return Math.min(text.length(), i + 1);
  }

  /// The largest count of `{n}`, `{n,}` or `{n,m}` at `from`; 0 if this is none.
  private static int repetition(String text, int from) {
    int end = text.indexOf('}', from);
    if (end < 0 || end - from > 12) {
      return 0;
    }
    int largest = 0;
    int number = 0;
    for (int i = from + 1; i <= end; i++) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        number = Math.min(1_000_000, number * 10 + c - '0');
      } else if (c == ',' || c == '}') {
        largest = Math.max(largest, number);
        number = 0;
      } else {
        return 0;
      }
    }
    return Math.max(1, largest);
  }
}
