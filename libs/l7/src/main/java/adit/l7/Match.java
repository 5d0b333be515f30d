package adit.l7;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Conditions on one request; all must hold. Immutable. Source: `adit.l7.Match`.
///
/// @param method null: any
/// @param scheme null: any
/// @param authority null: any
/// @param port the one that was dialled; 0: any
/// @param sourceNamespaces of clients; empty: any
public record Match(
    PathMatch path,
    @Nullable StringMatch method,
    List<Named> headers,
    List<Named> query,
    @Nullable StringMatch scheme,
    @Nullable StringMatch authority,
    int port,
    Set<String> sourceNamespaces) {
  /// Every request.
  public static final Match ALL =
      new Match(new PathMatch.Any(), null, List.of(), List.of(), null, null, 0, Set.of());

  public Match {
    headers = List.copyOf(headers);
    query = List.copyOf(query);
    sourceNamespaces = Set.copyOf(sourceNamespaces);
  }

  /// A condition on a header or a query parameter.
  ///
  /// @param name a header's in lower case
  /// @param inverted must not hold
  public record Named(String name, StringMatch value, boolean inverted) {
    boolean matches(@Nullable String seen) {
      return value.matches(seen) != inverted;
    }
  }

  /// A condition on the path, without its query.
  public sealed interface PathMatch {
    /// None.
    record Any() implements PathMatch {}

    /// The whole path.
    record Exact(String path, boolean ignoreCase) implements PathMatch {}

    /// By segments: `/a` matches `/a`, `/a/` and `/a/b`, not `/ab`.
    ///
    /// @param path without a slash at its end; empty for `/`
    record Segments(String path, boolean ignoreCase) implements PathMatch {}

    /// By characters.
    record Text(String path, boolean ignoreCase) implements PathMatch {}

    /// The whole path.
    record Regex(StringMatch.Regex regex) implements PathMatch {}

    /// A method of gRPC, `/service/method`.
    ///
    /// @param service null: any
    /// @param method null: any
    record Grpc(@Nullable StringMatch service, @Nullable StringMatch method) implements PathMatch {}

    /// Whether it holds for a path that begins with a slash.
    default boolean matches(String path) {
      return switch (this) {
        case Any _ -> true;
        case Exact(var wanted, var ignoreCase) ->
            ignoreCase ? path.equalsIgnoreCase(wanted) : path.equals(wanted);
        case Segments(var wanted, var ignoreCase) ->
            path.regionMatches(ignoreCase, 0, wanted, 0, wanted.length())
                && (path.length() == wanted.length() || path.charAt(wanted.length()) == '/');
        case Text(var wanted, var ignoreCase) ->
            path.regionMatches(ignoreCase, 0, wanted, 0, wanted.length());
        case Regex(var regex) -> regex.matches(path);
        case Grpc(var service, var method) -> grpc(service, method, path);
      };
    }

    private static boolean grpc(
        @Nullable StringMatch service, @Nullable StringMatch method, String path) {
      int slash = path.indexOf('/', 1);
      return slash > 1
          && slash < path.length() - 1
          && path.indexOf('/', slash + 1) < 0
          && (service == null || service.matches(path.substring(1, slash)))
          && (method == null || method.matches(path.substring(slash + 1)));
    }

    /// How much of a matching path the prefix takes.
    default int prefixLength(String path) {
      return switch (this) {
        case Segments(var wanted, _) -> wanted.length();
        case Text(var wanted, _) -> wanted.length();
        case Any _ -> 0;
        case Exact _, Regex _, Grpc _ -> path.length();
      };
    }
  }

  /// Whether all conditions hold.
  public boolean matches(RequestHead head) {
    return path.matches(head.path())
        && (method == null || method.matches(head.method()))
        && headersMatch(head)
        && queryMatches(head)
        && originMatches(head);
  }

  private boolean originMatches(RequestHead head) {
    return (scheme == null || scheme.matches(head.scheme()))
        && (authority == null || authority.matches(head.authority()))
        && (port == 0 || port == head.port())
        && (sourceNamespaces.isEmpty() || sourceNamespaces.contains(head.sourceNamespace()));
  }

  private boolean headersMatch(RequestHead head) {
    for (int i = 0; i < headers.size(); i++) {
      Named one = headers.get(i);
      if (!one.matches(head.header(one.name))) {
        return false;
      }
    }
    return true;
  }

  private boolean queryMatches(RequestHead head) {
    for (int i = 0; i < query.size(); i++) {
      Named one = query.get(i);
      if (!one.matches(head.query(one.name))) {
        return false;
      }
    }
    return true;
  }
}
