package adit.telemetry;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Formats one line, with its line feed. What a peer may have chosen is escaped, so that no value
/// can start a line of its own, and cut, so that none can fill the buffer.
final class LogLine {
  private static final int MAX_VALUE_CHARS = 16 * 1024;
  private static final int MAX_FRAMES = 16;
  private static final int MAX_CAUSES = 8;

  private LogLine() {}

  static String plain(
      String time,
      Level level,
      String target,
      @Nullable LogSpan span,
      String message,
      @Nullable Object[] keyValues) {
    var line = new StringBuilder(256);
    line.append(time).append('\t').append(level.text()).append('\t').append(target);
    plainSpan(line, span);
    line.append('\t');
    display(line, message);
    char separator = '\t';
    for (int i = 0; i + 1 < keyValues.length; i += 2) {
      Object value = keyValues[i + 1];
      if (value != null) {
        line.append(separator);
        plainField(line, String.valueOf(keyValues[i]), value);
        separator = ' ';
      }
    }
    return line.append('\n').toString();
  }

  static String json(
      String time,
      Level level,
      String target,
      @Nullable LogSpan span,
      String message,
      @Nullable Object[] keyValues) {
    var line = new StringBuilder(384);
    line.append("{\"level\":\"").append(level.text());
    line.append("\",\"time\":\"").append(time).append("\",\"scope\":");
    JsonText.quote(line, target);
    line.append(",\"message\":");
    JsonText.quote(line, cut(message));
    jsonFields(line, keyValues, ",");
    jsonSpan(line, span);
    return line.append("}\n").toString();
  }

  private static void plainSpan(StringBuilder line, @Nullable LogSpan span) {
    if (span == null) {
      return;
    }
    plainSpan(line, span.parent());
    line.append(':').append(span.name()).append('{');
    @Nullable Object[] keyValues = span.keyValues();
    String separator = "";
    for (int i = 0; i + 1 < keyValues.length; i += 2) {
      Object value = keyValues[i + 1];
      if (value != null) {
        line.append(separator);
        plainField(line, String.valueOf(keyValues[i]), value);
        separator = " ";
      }
    }
    line.append('}');
  }

  private static void plainField(StringBuilder line, String key, Object value) {
    line.append(key).append('=');
    switch (value) {
      case CharSequence text -> quote(line, text.toString());
      case Throwable thrown -> quote(line, describe(thrown));
      default -> display(line, text(value));
    }
  }

  private static void jsonSpan(StringBuilder line, @Nullable LogSpan span) {
    if (span == null) {
      return;
    }
    jsonSpan(line, span.parent());
    line.append(',');
    JsonText.quote(line, span.name());
    line.append(":{");
    jsonFields(line, span.keyValues(), "");
    line.append('}');
  }

  private static void jsonFields(
      StringBuilder line, @Nullable Object[] keyValues, String firstSeparator) {
    String separator = firstSeparator;
    for (int i = 0; i + 1 < keyValues.length; i += 2) {
      Object value = keyValues[i + 1];
      if (value != null) {
        line.append(separator);
        JsonText.quote(line, String.valueOf(keyValues[i]));
        line.append(':');
        jsonValue(line, value);
        separator = ",";
      }
    }
  }

  private static void jsonValue(StringBuilder line, Object value) {
    switch (value) {
      case Integer _, Long _, Short _, Byte _, Boolean _ -> line.append(value);
      case Throwable thrown -> JsonText.quote(line, cut(describe(thrown)));
      default -> JsonText.quote(line, cut(text(value)));
    }
  }

  private static String text(Object value) {
    return switch (value) {
      case InetSocketAddress address -> address(address);
      case InetAddress address -> NetUtil.toAddressString(address);
      default -> String.valueOf(value);
    };
  }

  private static String address(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    String host = ip == null ? address.getHostString() : NetUtil.toAddressString(ip);
    return ip instanceof Inet6Address
        ? "[" + host + "]:" + address.getPort()
        : host + ":" + address.getPort();
  }

  /// The messages of an exception and its causes; with frames where the cause is a mistake of ours.
  private static String describe(Throwable thrown) {
    var text = new StringBuilder();
    Throwable cause = thrown;
    Throwable last = thrown;
    var seen = new HashSet<Throwable>();
    for (int i = 0; i < MAX_CAUSES && cause != null && seen.add(cause); i++) {
      text.append(text.isEmpty() ? "" : ": ").append(name(cause));
      last = cause;
      cause = cause.getCause();
    }
    if (isMistake(thrown) || isMistake(last)) {
      StackTraceElement[] frames = last.getStackTrace();
      for (int i = 0; i < Math.min(frames.length, MAX_FRAMES); i++) {
        text.append(i == 0 ? " at " : " < ").append(frames[i]);
      }
    }
    return text.toString();
  }

  private static boolean isMistake(Throwable thrown) {
    return thrown instanceof RuntimeException || thrown instanceof Error;
  }

  private static final Set<String> SAID_BY_MESSAGE =
      Set.of("java.io.IOException", "java.lang.Exception", "java.lang.RuntimeException");

  private static String name(Throwable thrown) {
    String message = thrown.getMessage();
    String type = thrown.getClass().getSimpleName();
    if (message == null || message.isEmpty()) {
      return type.isEmpty() ? thrown.getClass().getName() : type;
    }
    return SAID_BY_MESSAGE.contains(thrown.getClass().getName()) || !isMistake(thrown)
        ? message
        : type + ": " + message;
  }

  private static String cut(String text) {
    return text.length() <= MAX_VALUE_CHARS ? text : text.substring(0, MAX_VALUE_CHARS) + "...";
  }

  private static void quote(StringBuilder line, String text) {
    line.append('"');
    escape(line, cut(text), /* quoted= */ true);
    line.append('"');
  }

  private static void display(StringBuilder line, String text) {
    escape(line, cut(text), /* quoted= */ false);
  }

  private static void escape(StringBuilder line, String text, boolean quoted) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\n' -> line.append("\\n");
        case '\r' -> line.append("\\r");
        case '\t' -> line.append("\\t");
        case '"' -> line.append(quoted ? "\\\"" : "\"");
        case '\\' -> line.append(quoted ? "\\\\" : "\\");
        default -> printable(line, c);
      }
    }
  }

  private static void printable(StringBuilder line, char c) {
    if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
      line.append("\\u{").append(Integer.toHexString(c)).append('}');
    } else {
      line.append(c);
    }
  }
}
