package adit.proxy;

import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Typed reads of environment variables. A variable that is there but wrong is fatal; one that is
/// absent gives the default.
public final class Environment {
  private static final Pattern DURATION_PART = Pattern.compile("(\\d{1,12})(ns|us|ms|s|m|h|d)");
  private static final Pattern DURATION = Pattern.compile("(?:\\d{1,12}(?:ns|us|ms|s|m|h|d))+|0");

  private final Map<String, String> variables;

  public Environment(Map<String, String> variables) {
    this.variables = Map.copyOf(variables);
  }

  public @Nullable String textOrNull(String name) {
    return variables.get(name);
  }

  /// The value, or `fallback` when the variable is absent. An empty value counts as a value.
  public String text(String name, String fallback) {
    String value = variables.get(name);
    return value == null ? fallback : value;
  }

  public boolean has(String name) {
    return variables.containsKey(name);
  }

  /// As the reference: only `true` and `false`, in lower case.
  public boolean flag(String name, boolean fallback) {
    return parse(name, "true or false", Environment::parseFlag, fallback);
  }

  public @Nullable Boolean flagOrNull(String name) {
    return has(name) ? flag(name, false) : null;
  }

  public int number(String name, int minimum, int maximum, int fallback) {
    return parse(
        name,
        "a whole number of " + minimum + " to " + maximum,
        text -> parseNumber(text, minimum, maximum),
        fallback);
  }

  /// Go-like durations: `10s`, `5m`, `1h30m`, `250ms`.
  public Duration duration(String name, Duration fallback) {
    return parse(name, "a duration such as 10s, 5m or 24h", Environment::parseDuration, fallback);
  }

  public <T> T parse(
      String name, String expected, Function<String, @Nullable T> parser, T fallback) {
    String text = variables.get(name);
    if (text == null) {
      return fallback;
    }
    T value = parser.apply(text);
    if (value == null) {
      throw new ConfigException(name, text, expected);
    }
    return value;
  }

  /// All variables that start with `prefix`, by the rest of their names.
  public SortedMap<String, String> startingWith(String prefix) {
    var found = new TreeMap<String, String>();
    variables.forEach((name, value) -> {
      if (name.startsWith(prefix) && name.length() > prefix.length()) {
        found.put(name.substring(prefix.length()), value);
      }
    });
    return found;
  }

  private static @Nullable Boolean parseFlag(String text) {
    return switch (text) {
      case "true" -> Boolean.TRUE;
      case "false" -> Boolean.FALSE;
      default -> null;
    };
  }

  /// The number, or null if it is none or out of its range.
  public static @Nullable Integer parseNumber(String text, int minimum, int maximum) {
    try {
      int value = Integer.parseInt(text);
      return value < minimum || value > maximum ? null : value;
    } catch (NumberFormatException _) {
      return null;
    }
  }

  static @Nullable Duration parseDuration(String text) {
    if (!DURATION.matcher(text).matches()) {
      return null;
    }
    try {
      Duration sum = Duration.ZERO;
      for (Matcher part = DURATION_PART.matcher(text); part.find(); ) {
        sum = sum.plus(unit(part.group(2)).multipliedBy(Long.parseLong(part.group(1))));
      }
      return sum;
    } catch (ArithmeticException _) {
      return null;
    }
  }

  private static Duration unit(String name) {
    return switch (name) {
      case "ns" -> Duration.ofNanos(1);
      case "us" -> Duration.ofNanos(1000);
      case "ms" -> Duration.ofMillis(1);
      case "s" -> Duration.ofSeconds(1);
      case "m" -> Duration.ofMinutes(1);
      case "h" -> Duration.ofHours(1);
      default -> Duration.ofDays(1);
    };
  }
}
