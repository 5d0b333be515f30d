package adit.telemetry;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How loud a line is, from silence to everything. A line of level L is written when the level of
/// its scope is at least L.
public enum Level {
  OFF,
  ERROR,
  WARN,
  INFO,
  DEBUG,
  TRACE;

  private final String text = name().toLowerCase(Locale.ROOT);

  /// The level as it stands in lines and filters, for example `info`.
  public String text() {
    return text;
  }

  /// The level of this name, in any case, or null.
  public static @Nullable Level parseOrNull(String text) {
    for (Level level : values()) {
      if (level.text.equalsIgnoreCase(text)) {
        return level;
      }
    }
    return null;
  }
}
