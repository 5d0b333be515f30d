package adit.waypoint.observe;

import adit.l7.LogFormat;
import adit.l7.LogFormat.Part;
import adit.l7.Telling;
import adit.l7.WaypointConfig;
import adit.telemetry.Log;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A line for each request or connection in each access log that is asked for, as it is, without
/// what the program's own lines begin with. Thread-safe.
final class AccessLog {
  private static final int LONGEST = 2048;

  private final Log log;

  AccessLog(Log log) {
    this.log = log;
  }

  void write(List<Telling.Logged> wanted, Properties properties) {
    for (Telling.Logged one : wanted) {
      if (one.filter() == null || one.filter().holds(properties)) {
        log.line(
            switch (one.log()) {
              case WaypointConfig.AccessLog.Text(var format) -> text(format, properties);
              case WaypointConfig.AccessLog.Json(var fields) -> json(fields, properties);
            });
      }
    }
  }

  private static String text(LogFormat format, Properties properties) {
    StringBuilder line = new StringBuilder(400);
    for (Part part : format.parts()) {
      switch (part) {
        case Part.Text(var text) -> line.append(text);
        case Part.Unknown _ -> line.append('-');
        case Part.Of of -> plain(line, textOf(of, properties.valueOrNull(of)));
      }
    }
    return line.toString();
  }

  private static String cut(String text, int most) {
    int end = most > 0 ? Math.min(most, LONGEST) : LONGEST;
    return text.length() <= end ? text : text.substring(0, end);
  }

  /// What a client sends must not look like a line, or the end of a field.
  private static void plain(StringBuilder line, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || c == '"' ? '_' : c);
    }
  }

  private static String json(Map<String, LogFormat> fields, Properties properties) {
    StringBuilder line = new StringBuilder(800).append('{');
    String separator = "";
    for (Map.Entry<String, LogFormat> field : fields.entrySet()) {
      quote(line.append(separator), field.getKey());
      value(line.append(':'), field.getValue().parts(), properties);
      separator = ",";
    }
    return line.append('}').toString();
  }

  /// A lone operator keeps its type.
  private static void value(StringBuilder line, List<Part> parts, Properties properties) {
    if (parts.size() == 1 && parts.getFirst() instanceof Part.Of of) {
      Object value = properties.valueOrNull(of);
      switch (value) {
        case null -> line.append("null");
        case Number number -> line.append(number);
        default -> quote(line, cut(value.toString(), of.most()));
      }
      return;
    }
    StringBuilder text = new StringBuilder();
    for (Part part : parts) {
      text.append(
          switch (part) {
            case Part.Text(var literal) -> literal;
            case Part.Unknown _ -> "-";
            case Part.Of of -> textOf(of, properties.valueOrNull(of));
          });
    }
    quote(line, text.toString());
  }

  private static String textOf(Part.Of of, @Nullable Object value) {
    return value == null ? "-" : cut(value.toString(), of.most());
  }

  private static void quote(StringBuilder line, String text) {
    line.append('"').append(JsonStringEncoder.getInstance().quoteAsString(text)).append('"');
  }
}
