package adit.l7;

import adit.l7.Match.PathMatch;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which of several matching rules wins. Source: the documentation of HTTPRouteRule and
/// GRPCRouteRule; a VirtualService's rules are in its own order.
final class RouteOrder {
  private static final Comparator<Route> AGE =
      Comparator.comparing(Route::created)
          .thenComparing(Route::namespace)
          .thenComparing(Route::name)
          .thenComparing(Route::kind);

  private static final Comparator<Entry> SPECIFIC =
      Comparator.comparingInt((Entry one) -> pathRank(one.match().path()))
          .thenComparingInt(one -> pathLength(one.match().path()))
          .thenComparingInt(one -> one.match().method() == null ? 0 : 1)
          .thenComparingInt(one -> one.match().headers().size())
          .thenComparingInt(one -> one.match().query().size())
          .reversed()
          .thenComparing(Entry::route, AGE)
          .thenComparingInt(Entry::position);

  private static final Comparator<Entry> WRITTEN =
      Comparator.comparing(Entry::route, AGE).thenComparingInt(Entry::position);

  private RouteOrder() {}

  /// One way into a rule.
  ///
  /// @param port of the parent; 0: any
  /// @param position of the match in its route
  record Entry(Route route, Rule rule, Match match, int port, int position) {
    boolean matches(RequestHead head) {
      return (port == 0 || port == head.port()) && match.matches(head);
    }
  }

  /// Puts the winner of any two first. VirtualServices and routes of the Gateway API do not mix:
  /// those whose oldest object is older come first, as a whole.
  static void sort(List<Entry> entries) {
    Route oldestWritten = oldestOrNull(entries, true);
    Route oldestSpecific = oldestOrNull(entries, false);
    boolean writtenFirst =
        oldestWritten != null
            && (oldestSpecific == null || AGE.compare(oldestWritten, oldestSpecific) < 0);
    entries.sort(
        Comparator.comparing((Entry one) -> isWritten(one) != writtenFirst)
            .thenComparing((one, other) ->
                isWritten(one) ? WRITTEN.compare(one, other) : SPECIFIC.compare(one, other)));
  }

  /// The oldest first.
  static Comparator<Route> age() {
    return AGE;
  }

  private static boolean isWritten(Entry entry) {
    return entry.route().kind() == Route.Kind.VIRTUAL_SERVICE;
  }

  private static @Nullable Route oldestOrNull(List<Entry> entries, boolean written) {
    return entries.stream()
        .filter(one -> isWritten(one) == written)
        .map(Entry::route)
        .min(AGE)
        .orElse(null);
  }

  private static int pathRank(PathMatch path) {
    return switch (path) {
      case PathMatch.Exact _ -> 3;
      case PathMatch.Segments(var text, _) -> text.isEmpty() ? 0 : 2;
      case PathMatch.Text(var text, _) -> text.length() <= 1 ? 0 : 2;
      case PathMatch.Regex _ -> 1;
      case PathMatch.Grpc(var service, var method) -> {
        boolean exact =
            !(service instanceof StringMatch.Regex) && !(method instanceof StringMatch.Regex);
        yield service == null && method == null ? 0 : exact ? 3 : 1;
      }
      case PathMatch.Any _ -> 0;
    };
  }

  private static int pathLength(PathMatch path) {
    return switch (path) {
      case PathMatch.Exact(var text, _) -> text.length();
      case PathMatch.Segments(var text, _) -> text.length();
      case PathMatch.Text(var text, _) -> text.length();
      case PathMatch.Regex(var regex) -> regex.pattern().pattern().length();
      // Characters of the service count before those of the method.
      case PathMatch.Grpc(var service, var method) ->
          (length(service) << 12) + Math.min(length(method), (1 << 12) - 1);
      case PathMatch.Any _ -> 0;
    };
  }

  private static int length(@Nullable StringMatch match) {
    return match == null ? 0 : Math.min(match.render().length(), 1 << 16);
  }
}
