package adit.cli.explain;

import adit.l7.RequestFacts;
import adit.l7.Token;
import adit.model.SpiffeId;
import java.net.InetAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request as a waypoint's decisions would see it. It has no token: nobody checks one here.
///
/// @param request what is asked
/// @param client its identity
/// @param from its address
/// @param to what it dials
/// @param port the service's
/// @param name of the service
/// @param isHttp false: bytes, of which only the connection is seen
record Asked(
    Request request,
    SpiffeId client,
    InetAddress from,
    InetAddress to,
    int port,
    String name,
    boolean isHttp)
    implements RequestFacts {
  /// What a user asks about.
  ///
  /// @param target path and query, begins with a slash
  /// @param headers by name in lower case
  record Request(String method, String target, Map<String, String> headers) {
    Request {
      headers = Map.copyOf(headers);
    }

    String path() {
      int question = target.indexOf('?');
      return question < 0 ? target : target.substring(0, question);
    }
  }

  @Override
  public String method() {
    return request.method();
  }

  @Override
  public String path() {
    return request.path();
  }

  @Override
  public String scheme() {
    return "http";
  }

  @Override
  public String authority() {
    return request.headers().getOrDefault("host", name);
  }

  @Override
  public @Nullable String header(String header) {
    return switch (header) {
      case "host", ":authority" -> authority();
      case ":method" -> method();
      case ":path" -> request.target();
      case ":scheme" -> scheme();
      default -> request.headers().get(header);
    };
  }

  @Override
  public @Nullable String query(String parameter) {
    int question = request.target().indexOf('?');
    if (question < 0) {
      return null;
    }
    for (String pair : request.target().substring(question + 1).split("&", -1)) {
      String[] parts = pair.split("=", 2);
      if (decoded(parts[0]).equals(parameter)) {
        return parts.length == 1 ? "" : decoded(parts[1]);
      }
    }
    return null;
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return text;
    }
  }

  @Override
  public String sourceNamespace() {
    return client.namespace();
  }

  @Override
  public InetAddress sourceAddress() {
    return from;
  }

  @Override
  public SpiffeId source() {
    return client;
  }

  @Override
  public InetAddress remoteAddress() {
    return from;
  }

  @Override
  public InetAddress destinationAddress() {
    return to;
  }

  @Override
  public @Nullable Token token() {
    return null;
  }

  @Override
  public String serverName() {
    return "";
  }
}
