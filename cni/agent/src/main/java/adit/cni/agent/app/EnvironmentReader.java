package adit.cni.agent.app;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Reads variables; each has the type that its reader asks for.
///
/// @param environment all of them
record EnvironmentReader(Map<String, String> environment) {
  EnvironmentReader {
    environment = new LinkedHashMap<>(environment);
  }

  String text(String name, String otherwise) {
    String value = environment.getOrDefault(name, "");
    return value.isEmpty() ? otherwise : value;
  }

  boolean flag(String name, boolean otherwise) {
    String value = text(name, Boolean.toString(otherwise));
    return switch (value) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default ->
          throw new IllegalArgumentException(name + ": " + value + " (expected: true or false)");
    };
  }

  int number(String name, int otherwise, int most) {
    String value = text(name, Integer.toString(otherwise));
    try {
      int number = Integer.parseInt(value);
      if (number >= 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 0.." + most + ")", e);
    }
    throw new IllegalArgumentException(name + ": " + value + " (expected: 0.." + most + ")");
  }

  Set<String> names(String name, String otherwise) {
    // An empty value is a choice here: nothing is excluded.
    String value = environment.getOrDefault(name, otherwise);
    return Arrays.stream(value.split(",", -1))
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .collect(Collectors.toUnmodifiableSet());
  }

  Duration duration(String name, Duration otherwise) {
    String value = text(name, otherwise.toMillis() + "ms");
    Matcher matcher = Pattern.compile("([0-9]{1,9})(ms|s|m|h)").matcher(value);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: a number with ms, s, m or h)");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }
}
