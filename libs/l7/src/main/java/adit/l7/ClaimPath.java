package adit.l7;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Names of claims inside claims.
public final class ClaimPath {
  private static final int MAX_DEPTH = 16;

  private ClaimPath() {}

  /// Reads `a`, `a.b`, `a[b][c]` or `[a][b]`; in brackets a dot is part of a name. Null for
  /// anything else.
  public static @Nullable List<String> parseOrNull(String text) {
    int bracket = text.indexOf('[');
    List<String> path = new ArrayList<>();
    if (bracket < 0) {
      path.addAll(List.of(text.split("\\.", -1)));
    } else {
      if (bracket > 0) {
        path.add(text.substring(0, bracket));
      }
      int at = bracket;
      while (at >= 0 && at < text.length()) {
        int end = text.indexOf(']', at);
        if (text.charAt(at) != '[' || end < 0) {
          return null;
        }
        path.add(text.substring(at + 1, end));
        at = end + 1;
      }
    }
    return path.isEmpty() || path.size() > MAX_DEPTH || path.contains("") ? null : path;
  }
}
