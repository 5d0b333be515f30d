package adit.l7;

import com.google.re2j.Pattern;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A condition on a string. Immutable. Source: `adit.l7.StringMatch`.
public sealed interface StringMatch {
  /// Equal.
  record Exact(String value, boolean ignoreCase) implements StringMatch {}

  /// Begins with.
  record Prefix(String value, boolean ignoreCase) implements StringMatch {}

  /// Ends with.
  record Suffix(String value, boolean ignoreCase) implements StringMatch {}

  /// The whole text; RE2 syntax, linear in the text's length.
  record Regex(Pattern pattern) implements StringMatch {}

  /// There at all, empty or not.
  record Present() implements StringMatch {}

  /// Whether it holds; for what is not there, never.
  default boolean matches(@Nullable String text) {
    if (text == null) {
      return false;
    }
    return switch (this) {
      case Exact(var value, var ignoreCase) ->
          ignoreCase ? text.equalsIgnoreCase(value) : text.equals(value);
      case Prefix(var value, var ignoreCase) ->
          text.regionMatches(ignoreCase, 0, value, 0, value.length());
      case Suffix(var value, var ignoreCase) ->
          text.regionMatches(ignoreCase, text.length() - value.length(), value, 0, value.length());
      case Regex(var pattern) -> pattern.matches(text);
      case Present() -> true;
    };
  }

  /// For people.
  default String render() {
    return switch (this) {
      case Exact(var value, _) -> value;
      case Prefix(var value, _) -> value + "*";
      case Suffix(var value, _) -> "*" + value;
      case Regex(var pattern) -> String.format(Locale.ROOT, "regex %s", pattern.pattern());
      case Present() -> "*";
    };
  }
}
