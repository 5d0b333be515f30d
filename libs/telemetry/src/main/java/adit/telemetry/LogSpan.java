package adit.telemetry;

import org.jspecify.annotations.Nullable;

/// A named part of the work that the lines of a [Log] belong to, for example `inbound{id=..
/// peer=..}`.
final class LogSpan {
  private final String name;
  private final @Nullable Object[] keyValues;
  private final @Nullable LogSpan parent;

  /// @param keyValues alternating keys and values; a null value is left out
  /// @param parent the surrounding span, printed first
  LogSpan(String name, @Nullable Object[] keyValues, @Nullable LogSpan parent) {
    this.name = name;
    this.keyValues = keyValues;
    this.parent = parent;
  }

  String name() {
    return name;
  }

  @Nullable Object[] keyValues() {
    return keyValues;
  }

  @Nullable LogSpan parent() {
    return parent;
  }
}
