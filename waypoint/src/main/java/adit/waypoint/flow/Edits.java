package adit.waypoint.flow;

import adit.l7.Match.PathMatch;
import adit.l7.Rule.Filters;
import adit.l7.Rule.Header;
import adit.l7.Rule.HeaderChange;
import adit.l7.Rule.PathChange;
import adit.waypoint.message.RequestMessage;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;

/// What filters do to requests and responses. Pure, but for the headers that they are given.
final class Edits {
  private Edits() {}

  /// Set, then add, then remove. Several values of one name that is added to become one, as HTTP
  /// allows (RFC 9110 section 5.3), so that every backend sees all of them.
  static void apply(HeaderChange change, HttpHeaders headers) {
    for (Header one : change.set()) {
      headers.set(one.name(), one.value());
    }
    for (Header one : change.add()) {
      List<String> before = headers.getAll(one.name());
      if (before.isEmpty() || one.name().equals("set-cookie")) {
        headers.add(one.name(), one.value());
      } else {
        headers.set(one.name(), String.join(",", before) + "," + one.value());
      }
    }
    for (String name : change.remove()) {
      headers.remove(name);
    }
  }

  /// The request after the filters of a rule or of a backend.
  static RequestMessage apply(Filters filters, PathMatch matched, RequestMessage request) {
    if (filters.equals(Filters.NONE)) {
      return request;
    }
    RequestMessage edited = request;
    HeaderChange change = filters.request();
    if (!change.isEmpty()) {
      apply(change, edited.headers());
      // Host is no header here: what was set by its name is the authority.
      String host = edited.headers().get("host");
      if (host != null) {
        edited.headers().remove("host");
        edited = edited.withAuthority(host);
      }
      String authority = edited.headers().get(":authority");
      if (authority != null) {
        edited.headers().remove(":authority");
        edited = edited.withAuthority(authority);
      }
    }
    if (!filters.host().isEmpty()) {
      edited = edited.withAuthority(filters.host());
    }
    PathChange path = filters.path();
    return path == null ? edited : edited.withTarget(target(path, matched, edited));
  }

  /// A target with another path and the same query.
  static String target(PathChange change, PathMatch matched, RequestMessage request) {
    String path = request.path();
    String next =
        switch (change) {
          case PathChange.Full(var full) -> full;
          case PathChange.Prefix(var prefix) -> withPrefix(prefix, matched, path);
          case PathChange.Regex(var pattern, var substitution) ->
              pattern.matcher(path).replaceAll(substitution);
        };
    String query = request.query();
    String rooted = next.startsWith("/") ? next : "/" + next;
    return query.isEmpty() || rooted.indexOf('?') >= 0 ? rooted : rooted + "?" + query;
  }

  private static String withPrefix(String prefix, PathMatch matched, String path) {
    int length = Math.min(path.length(), matched.prefixLength(path));
    String rest = path.substring(length);
    if (!(matched instanceof PathMatch.Segments) && !(matched instanceof PathMatch.Any)) {
      return prefix + rest;
    }
    // By segments: exactly one slash between the two, none at the end of nothing.
    String head = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
    if (rest.isEmpty()) {
      return prefix.isEmpty() ? "/" : prefix;
    }
    return rest.startsWith("/") ? head + rest : head + "/" + rest;
  }
}
