package adit.l7;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What decisions see of a request. Read on one thread.
public interface RequestHead {
  /// As sent: methods have case.
  String method();

  /// Begins with a slash (or is `*`), without the query.
  String path();

  /// `http` or `https`.
  String scheme();

  /// The Host header or `:authority`.
  String authority();

  /// The value of a header, several joined by commas (RFC 9110 section 5.3); null if it is not
  /// there. A name `@request.auth.claims...` is a claim of the request's token.
  ///
  /// @param name lower case
  @Nullable String header(String name);

  /// The first value of a query parameter, decoded; null if it is not there.
  @Nullable String query(String name);

  /// The service port that the client dialled.
  int port();

  /// Of the client's identity; empty if unknown.
  String sourceNamespace();

  /// The client's own address.
  InetAddress sourceAddress();
}
