package adit.waypoint.flow;

import adit.l7.Rule.Cors;
import adit.l7.StringMatch;
import adit.waypoint.message.RequestMessage;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Headers of the CORS protocol (Fetch standard, section 3.3). Pure, but for the headers that they
/// are given.
final class CorsAnswers {
  private CorsAnswers() {}

  static boolean isPreflight(RequestMessage request) {
    return request.method().equals("OPTIONS")
        && request.headers().contains(HttpHeaderNames.ORIGIN)
        && request.headers().contains(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD);
  }

  private static @Nullable String allowedOriginOrNull(Cors cors, RequestMessage request) {
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    if (origin == null) {
      return null;
    }
    for (StringMatch one : cors.origins()) {
      boolean all = one instanceof StringMatch.Exact(var value, _) && value.equals("*");
      if (all || one.matches(origin)) {
        return all && !cors.credentials() ? "*" : origin;
      }
    }
    return null;
  }

  /// Answers a preflight.
  static void preflight(Cors cors, RequestMessage request, HttpHeaders answer) {
    String origin = allowedOriginOrNull(cors, request);
    if (origin == null) {
      return;
    }
    HttpHeaders asked = request.headers();
    allow(cors, origin, answer);
    list(
        answer,
        HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS,
        cors.methods(),
        asked.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD));
    list(
        answer,
        HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS,
        cors.headers(),
        asked.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS));
    if (!cors.maxAge().isZero()) {
      answer.set(HttpHeaderNames.ACCESS_CONTROL_MAX_AGE, Long.toString(cors.maxAge().toSeconds()));
    }
  }

  /// Adds to the answer of any other request.
  static void actual(Cors cors, RequestMessage request, HttpHeaders answer) {
    String origin = allowedOriginOrNull(cors, request);
    if (origin != null) {
      allow(cors, origin, answer);
      if (!cors.exposed().isEmpty()) {
        answer.set(
            HttpHeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, String.join(", ", cors.exposed()));
      }
    }
  }

  private static void allow(Cors cors, String origin, HttpHeaders answer) {
    answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if (cors.credentials()) {
      answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if (!origin.equals("*")) {
      answer.add(HttpHeaderNames.VARY, "Origin");
    }
  }

  /// A list; all of it means what was asked for, as a star does not count with credentials.
  private static void list(
      HttpHeaders answer, CharSequence name, List<String> allowed, @Nullable String asked) {
    if (allowed.contains("*")) {
      if (asked != null) {
        answer.set(name, asked);
      }
    } else if (!allowed.isEmpty()) {
      answer.set(name, String.join(", ", allowed));
    }
  }
}
