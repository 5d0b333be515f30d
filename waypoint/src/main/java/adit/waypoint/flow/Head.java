package adit.waypoint.flow;

import adit.l7.ClaimPath;
import adit.l7.Token;
import adit.waypoint.message.RequestMessage;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request as decisions see it. On the request's event loop.
final class Head implements ConnectionFacts {
  private static final String CLAIMS = "@request.auth.claims";
  private static final int MOST_PARAMETERS = 256;

  private final Arrival arrival;
  private final RequestMessage request;
  private final @Nullable Token token;
  private final String path;
  private @Nullable Map<String, List<String>> query;

  Head(Arrival arrival, RequestMessage request, @Nullable Token token) {
    this.arrival = arrival;
    this.request = request;
    this.token = token;
    this.path = request.path();
  }

  @Override
  public Arrival arrival() {
    return arrival;
  }

  @Override
  public String method() {
    return request.method();
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public String scheme() {
    return request.scheme();
  }

  @Override
  public String authority() {
    return request.authority();
  }

  @Override
  public @Nullable String header(String name) {
    if (name.startsWith("@") || name.startsWith(":")) {
      return special(name);
    }
    if (name.equals("host")) {
      return request.authority();
    }
    List<String> values = request.headers().getAll(name);
    return values.isEmpty()
        ? null
        : values.size() == 1 ? values.getFirst() : String.join(",", values);
  }

  private @Nullable String special(String name) {
    return switch (name) {
      case ":method" -> request.method();
      case ":path" -> request.target();
      case ":authority" -> request.authority();
      case ":scheme" -> request.scheme();
      default -> claimOrNull(name);
    };
  }

  private @Nullable String claimOrNull(String name) {
    Token verified = token;
    if (verified == null || !name.startsWith(CLAIMS) || name.length() <= CLAIMS.length()) {
      return null;
    }
    String rest = name.substring(CLAIMS.length());
    List<String> claim = ClaimPath.parseOrNull(rest.startsWith(".") ? rest.substring(1) : rest);
    List<String> values = claim == null ? List.of() : verified.claim(claim);
    return values.isEmpty() ? null : String.join(",", values);
  }

  @Override
  public @Nullable String query(String name) {
    Map<String, List<String>> parameters = query;
    if (parameters == null) {
      parameters = parameters(request.query());
      query = parameters;
    }
    List<String> values = parameters.get(name);
    return values == null || values.isEmpty() ? null : values.getFirst();
  }

  private static Map<String, List<String>> parameters(String text) {
    if (text.isEmpty()) {
      return Map.of();
    }
    try {
      return QueryStringDecoder.builder()
          .hasPath(false)
          .maxParams(MOST_PARAMETERS)
          .build(text)
          .parameters();
    } catch (IllegalArgumentException _) {
      return Map.of(); // what is no query matches no condition on one
    }
  }

  @Override
  public boolean isHttp() {
    return true;
  }

  @Override
  public @Nullable Token token() {
    return token;
  }
}
