package adit.waypoint.authenticate;

import adit.l7.Authentication.HeaderSource;
import adit.l7.Authentication.Jwt;
import adit.waypoint.message.RequestMessage;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a request carries a token, by a rule. Pure.
final class Tokens {
  private static final String BEARER = "Bearer ";
  private static final String PARAMETER = "access_token";
  private static final int MOST_PARTS = 256;

  private Tokens() {}

  /// A token that was found.
  ///
  /// @param header where it was; null: not in a header
  record Found(String text, @Nullable String header) {}

  /// The first token where the rule says, or in the usual places if it does not say; null if there
  /// is none.
  static @Nullable Found findOrNull(Jwt rule, RequestMessage request) {
    boolean usual =
        rule.fromHeaders().isEmpty() && rule.fromParams().isEmpty() && rule.fromCookies().isEmpty();
    if (usual) {
      Found bearer = inHeaderOrNull(new HeaderSource("authorization", BEARER), request);
      return bearer == null ? inParameterOrNull(PARAMETER, request) : bearer;
    }
    for (HeaderSource source : rule.fromHeaders()) {
      Found found = inHeaderOrNull(source, request);
      if (found != null) {
        return found;
      }
    }
    for (String name : rule.fromParams()) {
      Found found = inParameterOrNull(name, request);
      if (found != null) {
        return found;
      }
    }
    for (String name : rule.fromCookies()) {
      Found found = inCookieOrNull(name, request);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static @Nullable Found inHeaderOrNull(HeaderSource source, RequestMessage request) {
    String value = request.headers().get(source.name());
    String prefix = source.prefix();
    boolean there =
        value != null
            && value.length() > prefix.length()
            && value.regionMatches(true, 0, prefix, 0, prefix.length());
    return there && value != null
        ? new Found(value.substring(prefix.length()).strip(), source.name())
        : null;
  }

  private static @Nullable Found inParameterOrNull(String name, RequestMessage request) {
    if (request.query().isEmpty()) {
      return null;
    }
    try {
      List<String> values =
          QueryStringDecoder.builder()
              .hasPath(false)
              .maxParams(MOST_PARTS)
              .build(request.query())
              .parameters()
              .get(name);
      return values == null || values.isEmpty() ? null : new Found(values.getFirst(), null);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static @Nullable Found inCookieOrNull(String name, RequestMessage request) {
    String cookies = request.headers().get(HttpHeaderNames.COOKIE);
    if (cookies != null) {
      for (String one : cookies.split(";", MOST_PARTS)) {
        int equals = one.indexOf('=');
        if (equals > 0 && one.substring(0, equals).strip().equals(name)) {
          return new Found(one.substring(equals + 1).strip(), null);
        }
      }
    }
    return null;
  }
}
