package adit.cli.demo.step;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Fields of ztunnel's log lines.
final class AccessLines {
  private AccessLines() {}

  /// The value of a field without quotes, or the empty string.
  static String field(String line, String name) {
    Matcher matcher =
        Pattern.compile("(?:^|\\s)" + Pattern.quote(name) + "=(\"((?:[^\"\\\\]|\\\\.)*)\"|\\S+)")
            .matcher(line);
    if (!matcher.find()) {
      return "";
    }
    String quoted = matcher.group(2);
    return quoted == null ? matcher.group(1) : quoted.replace("\\\"", "\"");
  }

  /// The line cut down to some of its fields.
  static String only(String line, String... names) {
    List<String> fields = new ArrayList<>();
    for (String name : names) {
      String value = field(line, name);
      if (!value.isEmpty()) {
        fields.add(name + "=" + value);
      }
    }
    return String.join(" ", fields);
  }
}
