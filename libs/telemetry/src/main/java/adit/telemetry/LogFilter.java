package adit.telemetry;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which scopes say how much, as in `RUST_LOG`: `level` and `scope=level`, separated by commas.
///
/// The longest scope that is a prefix of the line's target decides; without one the bare level
/// does. Immutable.
///
/// @param level of all scopes that have none of their own
/// @param scopes levels by target prefix
public record LogFilter(Level level, Map<String, Level> scopes) {
  private static final int MAX_LENGTH = 4096;

  /// `info` for everything: the default of all four programs.
  public static final LogFilter INFO = new LogFilter(Level.INFO, Map.of());

  public LogFilter {
    scopes = Map.copyOf(scopes);
  }

  /// Parses `info`, `access=off`, `warn,xds=debug` and the like, on top of [#INFO].
  ///
  /// @return null if a part is neither a level nor `scope=level`
  public static @Nullable LogFilter parseOrNull(String text) {
    return INFO.plusOrNull(text);
  }

  /// This filter with the directives of `text` added; later ones win.
  ///
  /// @return null if a part is neither a level nor `scope=level`
  public @Nullable LogFilter plusOrNull(String text) {
    if (text.length() > MAX_LENGTH) {
      return null;
    }
    Level bare = level;
    var byScope = new HashMap<>(scopes);
    for (String part : text.split(",", -1)) {
      String directive = part.strip();
      int equals = directive.lastIndexOf('=');
      Level parsed = Level.parseOrNull(directive.substring(equals + 1).strip());
      if (parsed == null || equals == 0) {
        return null;
      }
      if (equals < 0) {
        bare = parsed;
      } else {
        byScope.put(target(directive.substring(0, equals).strip()), parsed);
      }
    }
    return new LogFilter(bare, byScope);
  }

  /// The level of a target such as `access` or `proxy::inbound`.
  public Level levelOf(String target) {
    Level found = level;
    int longest = -1;
    for (Map.Entry<String, Level> scope : scopes.entrySet()) {
      if (scope.getKey().length() > longest && target.startsWith(scope.getKey())) {
        longest = scope.getKey().length();
        found = scope.getValue();
      }
    }
    return found;
  }

  /// The directives, most specific first, as `/logging` prints them.
  @Override
  public String toString() {
    List<String> directives =
        scopes.entrySet().stream()
            .sorted(
                Comparator.comparingInt((Map.Entry<String, Level> e) -> -e.getKey().length())
                    .thenComparing(Map.Entry::getKey))
            .map(e -> e.getKey() + "=" + e.getValue().text())
            .collect(Collectors.toCollection(ArrayList::new));
    directives.add(level.text());
    return String.join(",", directives);
  }

  /// Targets are printed without the program's own prefix, so filters may carry it or not.
  private static String target(String scope) {
    return scope.startsWith("ztunnel::") ? scope.substring("ztunnel::".length()) : scope;
  }
}
