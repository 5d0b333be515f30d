package adit.l7;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A format of log lines in the reference's language: text with operators such as
/// `%REQ(X-REQUEST-ID?:PATH):20%`. Immutable.
///
/// @param parts in order
/// @param unknown operators that nobody here knows, as they are written; they print as missing
public record LogFormat(List<Part> parts, List<String> unknown) {
  /// The reference's default text.
  public static final LogFormat TEXT =
      parse(
          "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\""
              + " %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"
              + " %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\""
              + " %BYTES_RECEIVED% %BYTES_SENT% %DURATION%"
              + " %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\""
              + " \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\""
              + " \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS%"
              + " %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%"
              + " %REQUESTED_SERVER_NAME% %ROUTE_NAME%");

  private static final int MAX_PARTS = 256;

  public LogFormat {
    parts = List.copyOf(parts);
    unknown = List.copyOf(unknown);
  }

  /// A piece of a line.
  public sealed interface Part {
    /// As it is.
    record Text(String text) implements Part {}

    /// A property of the request.
    ///
    /// @param first a header, lower case, or what the operator asks for; empty for none
    /// @param second the header that is taken if the first is missing; empty for none
    /// @param most characters of it, 0 for all
    record Of(Property property, String first, String second, int most) implements Part {}

    /// Missing.
    record Unknown() implements Part {}
  }

  /// What the reference's operators of the same name mean.
  public enum Property {
    START_TIME,
    REQ,
    RESP,
    TRAILER,
    PROTOCOL,
    RESPONSE_CODE,
    RESPONSE_FLAGS,
    RESPONSE_CODE_DETAILS,
    CONNECTION_TERMINATION_DETAILS,
    UPSTREAM_TRANSPORT_FAILURE_REASON,
    BYTES_RECEIVED,
    BYTES_SENT,
    DURATION,
    REQUEST_DURATION,
    RESPONSE_DURATION,
    UPSTREAM_HOST,
    UPSTREAM_CLUSTER,
    UPSTREAM_CLUSTER_RAW,
    UPSTREAM_LOCAL_ADDRESS,
    UPSTREAM_REQUEST_ATTEMPT_COUNT,
    DOWNSTREAM_LOCAL_ADDRESS,
    DOWNSTREAM_LOCAL_PORT,
    DOWNSTREAM_REMOTE_ADDRESS,
    DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT,
    DOWNSTREAM_DIRECT_REMOTE_ADDRESS,
    DOWNSTREAM_PEER_URI_SAN,
    REQUESTED_SERVER_NAME,
    ROUTE_NAME,
    GRPC_STATUS,
    GRPC_STATUS_NUMBER,
    TRACE_ID,
    HOSTNAME;

    static @Nullable Property ofOrNull(String name) {
      for (Property property : values()) {
        if (property.name().equals(name)) {
          return property;
        }
      }
      return null;
    }
  }

  /// Reads a format. What follows a lone `%` is text.
  public static LogFormat parse(String format) {
    List<Part> parts = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < format.length()) {
      int end = format.charAt(i) == '%' ? end(format, i + 1) : -1;
      if (end < 0 || parts.size() >= MAX_PARTS) {
        text.append(format.charAt(i));
        i++;
      } else if (end == i + 1) {
        text.append('%');
        i += 2;
      } else {
        if (!text.isEmpty()) {
          parts.add(new Part.Text(text.toString()));
          text.setLength(0);
        }
        String operator = format.substring(i + 1, end);
        Part part = operator(operator);
        if (part instanceof Part.Unknown) {
          unknown.add(operator);
        }
        parts.add(part);
        i = end + 1;
      }
    }
    if (!text.isEmpty()) {
      parts.add(new Part.Text(text.toString()));
    }
    return new LogFormat(parts, unknown);
  }

  /// The `%` that ends an operator; in parentheses there may be others.
  private static int end(String format, int from) {
    boolean inside = false;
    for (int i = from; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c == '(') {
        inside = true;
      } else if (c == ')') {
        inside = false;
      } else if (c == '%' && !inside) {
        return i;
      }
    }
    return -1;
  }

  private static Part operator(String text) {
    int open = text.indexOf('(');
    int close = text.lastIndexOf(')');
    if (open > close) {
      return new Part.Unknown();
    }
    int colon = text.indexOf(':', Math.max(0, close));
    int most = colon < 0 ? 0 : number(text.substring(colon + 1));
    String before = colon < 0 ? text : text.substring(0, colon);
    Property property = Property.ofOrNull(open < 0 ? before : text.substring(0, open));
    if (property == null || most < 0) {
      return new Part.Unknown();
    }
    String argument = open < 0 ? "" : text.substring(open + 1, close);
    return switch (property) {
      case REQ, RESP, TRAILER -> header(property, argument.toLowerCase(Locale.ROOT), most);
      default -> new Part.Of(property, argument, "", most);
    };
  }

  private static Part header(Property property, String argument, int most) {
    if (argument.isEmpty()) {
      return new Part.Unknown();
    }
    int or = argument.indexOf('?');
    return or < 0
        ? new Part.Of(property, argument, "", most)
        : new Part.Of(property, argument.substring(0, or), argument.substring(or + 1), most);
  }

  private static int number(String text) {
    return text.matches("\\d{1,6}") ? Integer.parseInt(text) : -1;
  }
}
