package adit.source.object;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Something wrong with what the user wrote: where, which field, which value, and what was
/// expected.
///
/// @param severity whether the object was refused
/// @param origin file, or `cluster` for objects of an API server
/// @param line line in the file, from 1; 0 if unknown
/// @param object the object, null if the file is not YAML at all
/// @param field path of the field, e.g. `spec.rules[0].from`; empty for the whole document
/// @param value the value found, shortened
/// @param expected what would have been right
public record Problem(
    Severity severity,
    String origin,
    int line,
    @Nullable ObjectKey object,
    String field,
    String value,
    String expected) {
  private static final int LONGEST_VALUE = 100;

  public Problem {
    if (value.length() > LONGEST_VALUE) {
      value = value.substring(0, LONGEST_VALUE) + "...";
    }
  }

  /// What a problem means for its object.
  public enum Severity {
    /// The object is used nevertheless.
    WARNING,
    /// The object is not used; its last good version, if there is one, keeps serving.
    ERROR
  }

  /// One line for people: `pods.yaml:12: Pod shop/web: spec.containers: {} (expected: a list)`.
  public String message() {
    StringBuilder text = new StringBuilder(origin);
    if (line > 0) {
      text.append(':').append(line);
    }
    text.append(": ");
    if (object != null) {
      text.append(object).append(": ");
    }
    if (!field.isEmpty()) {
      text.append(field).append(": ");
    }
    return text.append(value).append(" (expected: ").append(expected).append(')').toString();
  }

  @Override
  public String toString() {
    return severity.name().toLowerCase(Locale.ROOT) + ": " + message();
  }
}
