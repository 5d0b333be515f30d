package adit.telemetry;

import java.util.Map;

/// How a line is laid out; `LOG_FORMAT` chooses.
public enum LogFormat {
  /// `<time>\t<level>\t<target>\t<message>\tk=v k=v`
  PLAIN,
  /// One object per line: `level`, `time`, `scope`, `message`, then the fields.
  JSON;

  /// `LOG_FORMAT=json` gives JSON, anything else plain lines.
  public static LogFormat of(Map<String, String> environment) {
    return "json".equals(environment.get("LOG_FORMAT")) ? JSON : PLAIN;
  }
}
