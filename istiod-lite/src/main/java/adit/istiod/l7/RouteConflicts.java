package adit.istiod.l7;

import adit.istiod.l7.RouteParents.Ref;
import adit.protos.l7.Route;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Of routes of two types at one port of a service the more specific type stays. Source: GEP-1294.
final class RouteConflicts {
  private static final List<Route.Kind> SPECIFIC_FIRST =
      List.of(
          Route.Kind.GRPC_ROUTE, Route.Kind.HTTP_ROUTE, Route.Kind.TLS_ROUTE, Route.Kind.TCP_ROUTE);

  private RouteConflicts() {}

  /// @param consumer empty for the routes of the service's own namespace; a consumer's routes are
  ///   apart from them
  private record Place(String service, int port, String consumer) {}

  /// The routes, with those parents failed that they lose.
  static List<ReadRoute> settle(List<ReadRoute> routes) {
    Map<Place, Route.Kind> best = new HashMap<>();
    for (ReadRoute route : routes) {
      for (Ref ref : route.refs()) {
        if (ref.failure() == null) {
          places(route, ref)
              .forEach(
                  place -> best.merge(place, route.wire().getKind(), RouteConflicts::moreSpecific));
        }
      }
    }
    List<ReadRoute> settled = new ArrayList<>();
    for (ReadRoute route : routes) {
      settled.add(route.with(route.refs().stream().map(ref -> settled(route, ref, best)).toList()));
    }
    return settled;
  }

  private static Ref settled(ReadRoute route, Ref ref, Map<Place, Route.Kind> best) {
    for (Place place : places(route, ref)) {
      Route.Kind kind = best.getOrDefault(place, route.wire().getKind());
      if (ref.failure() == null && kind != route.wire().getKind()) {
        return ref.failed(
            new Issue(
                "Conflicted",
                "a "
                    + name(kind)
                    + " is attached to the same port of "
                    + place.service()
                    + " and takes precedence"));
      }
    }
    return ref;
  }

  private static List<Place> places(ReadRoute route, Ref ref) {
    String own = route.object().meta().namespace();
    return ref.services().stream()
        .map(named ->
            new Place(named.key(), ref.port(), named.key().startsWith(own + "/") ? "" : own))
        .toList();
  }

  private static Route.Kind moreSpecific(Route.Kind one, Route.Kind other) {
    return SPECIFIC_FIRST.indexOf(one) <= SPECIFIC_FIRST.indexOf(other) ? one : other;
  }

  private static String name(Route.Kind kind) {
    return switch (kind) {
      case GRPC_ROUTE -> "GRPCRoute";
      case TLS_ROUTE -> "TLSRoute";
      case TCP_ROUTE -> "TCPRoute";
      default -> "HTTPRoute";
    };
  }
}
