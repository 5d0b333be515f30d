package adit.waypoint.message;

import io.netty.handler.codec.http.HttpHeaders;

/// The head of a request, whatever version of HTTP carries it. Headers that concern one connection
/// only, and Host, are not among the headers.
///
/// @param target path and query
/// @param headers owned; filters change it
/// @param version `HTTP/1.1`, `HTTP/2`..., for the log
public record RequestMessage(
    String method,
    String scheme,
    String authority,
    String target,
    HttpHeaders headers,
    Kind kind,
    String version) {
  /// What the client wants of the connection.
  public enum Kind {
    /// A message.
    PLAIN,
    /// Another protocol on the same connection after 101 (RFC 9110 section 7.8).
    UPGRADE,
    /// A tunnel after 2xx (RFC 9110 section 9.3.6).
    CONNECT
  }

  /// The target without its query.
  public String path() {
    int question = target.indexOf('?');
    return question < 0 ? target : target.substring(0, question);
  }

  /// What follows the question mark; empty if there is none.
  public String query() {
    int question = target.indexOf('?');
    return question < 0 ? "" : target.substring(question + 1);
  }

  /// The same with another target.
  public RequestMessage withTarget(String other) {
    return new RequestMessage(method, scheme, authority, other, headers, kind, version);
  }

  /// The same with another authority.
  public RequestMessage withAuthority(String other) {
    return new RequestMessage(method, scheme, other, target, headers, kind, version);
  }

  /// The same with headers of its own.
  public RequestMessage copy() {
    return new RequestMessage(method, scheme, authority, target, headers.copy(), kind, version);
  }

  /// Whether doing it twice is as good as once (RFC 9110 section 9.2.2).
  public boolean isIdempotent() {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> kind == Kind.PLAIN;
      default -> false;
    };
  }
}
