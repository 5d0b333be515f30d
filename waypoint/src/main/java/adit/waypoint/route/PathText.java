package adit.waypoint.route;

import org.jspecify.annotations.Nullable;

/// Paths in the one form that routes, policies and backends all see, so that no two of them can
/// read one path differently. Source: the mesh's default normalisation (RFC 3986 section 6.2.2, and
/// backslashes are slashes).
public final class PathText {
  private static final String HEX = "0123456789ABCDEF";

  private PathText() {}

  /// The target with a normal path; null if the path cannot be one: it leaves the root, holds an
  /// encoded zero, or a percent sign that encodes nothing.
  public static @Nullable String normalOrNull(String target) {
    int question = target.indexOf('?');
    String path = question < 0 ? target : target.substring(0, question);
    if (!path.startsWith("/")) {
      return target; // `*`, or the authority of CONNECT
    }
    if (isPlain(path)) {
      return target;
    }
    String decoded = decodedOrNull(path);
    String resolved = decoded == null ? null : resolvedOrNull(decoded);
    if (resolved == null) {
      return null;
    }
    return question < 0 ? resolved : resolved + target.substring(question);
  }

  private static boolean isPlain(String path) {
    return path.indexOf('%') < 0 && path.indexOf("/.") < 0 && path.indexOf('\\') < 0;
  }

  private static @Nullable String decodedOrNull(String path) {
    StringBuilder out = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\') {
        out.append('/');
      } else if (c != '%') {
        out.append(c);
      } else {
        int value =
            i + 2 < path.length()
                ? Character.digit(path.charAt(i + 1), 16) * 16
                    + Character.digit(path.charAt(i + 2), 16)
                : -1;
        boolean digits =
            i + 2 < path.length()
                && Character.digit(path.charAt(i + 1), 16) >= 0
                && Character.digit(path.charAt(i + 2), 16) >= 0;
        if (!digits || value == 0) {
          return null;
        }
        if (isUnreserved((char) value)) {
          out.append((char) value);
        } else {
          out.append('%').append(HEX.charAt(value >> 4)).append(HEX.charAt(value & 15));
        }
        i += 2;
      }
    }
    return out.toString();
  }

  private static boolean isUnreserved(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '.'
        || c == '_'
        || c == '~';
  }

  /// Without `.` and `..` (RFC 3986 section 5.2.4).
  private static @Nullable String resolvedOrNull(String path) {
    StringBuilder out = new StringBuilder(path.length());
    int at = 0;
    while (at < path.length()) {
      int next = path.indexOf('/', at + 1);
      int end = next < 0 ? path.length() : next;
      String segment = path.substring(at + 1, end);
      boolean last = next < 0;
      if (segment.equals("..")) {
        int slash = out.lastIndexOf("/");
        if (slash < 0) {
          return null;
        }
        out.setLength(slash);
        out.append(last ? "/" : "");
      } else if (segment.equals(".")) {
        out.append(last ? "/" : "");
      } else {
        out.append('/').append(segment);
      }
      at = end;
    }
    return out.isEmpty() ? "/" : out.toString();
  }
}
