package adit.istiod.l7;

import adit.istiod.l7.RouteParents.Ref;
import adit.l7.L7Decode;
import adit.model.InvalidResource;
import adit.protos.l7.Route;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Finding;
import adit.source.object.ObjectReader;
import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A route of the Gateway API that was read.
///
/// @param object what it was made of
/// @param wire without parents
/// @param refs its parents that are ours
/// @param unresolved what it refers to and is not there
/// @param unsupported what it asks for and nobody does
record ReadRoute(
    Configuration object,
    Route wire,
    List<Ref> refs,
    List<Issue> unresolved,
    List<Issue> unsupported) {
  ReadRoute {
    refs = List.copyOf(refs);
  }

  static ReadRoute of(Configuration object, References references) {
    return of(
        object,
        Fields.spec(object.spec(), new ArrayList<Finding>()),
        new Reading(
            new ObjectReader(ObjectReader.Origin.API_SERVER),
            object.meta().namespace(),
            references));
  }

  static ReadRoute of(Configuration object, Fields spec, Reading reading) {
    Route.Builder wire =
        Route.newBuilder()
            .setNamespace(object.meta().namespace())
            .setName(object.meta().name())
            .setCreated(created(object))
            .addAllHostnames(spec.texts("hostnames"));
    switch (object.kind()) {
      case HTTP_ROUTE ->
          wire.setKind(Route.Kind.HTTP_ROUTE).addAllHttp(new RouteReader(reading).http(spec));
      case GRPC_ROUTE ->
          wire.setKind(Route.Kind.GRPC_ROUTE).addAllHttp(new RouteReader(reading).grpc(spec));
      case TCP_ROUTE ->
          wire.setKind(Route.Kind.TCP_ROUTE).addAllStream(new StreamRouteReader(reading).tcp(spec));
      case TLS_ROUTE ->
          wire.setKind(Route.Kind.TLS_ROUTE).addAllStream(new StreamRouteReader(reading).tls(spec));
      default -> throw new IllegalArgumentException("kind: " + object.kind());
    }
    List<Ref> refs = new RouteParents(reading).read(spec);
    reading.strict(spec.ignore("useDefaultGateways"));
    return new ReadRoute(object, wire.build(), refs, reading.unresolved(), reading.unsupported());
  }

  static Timestamp created(Configuration object) {
    Instant created = object.created();
    return Timestamp.newBuilder()
        .setSeconds(created.getEpochSecond())
        .setNanos(created.getNano())
        .build();
  }

  ReadRoute with(List<Ref> others) {
    return new ReadRoute(object, wire, others, unresolved, unsupported);
  }

  /// With its parents.
  Route complete() {
    Route.Builder route = wire.toBuilder();
    refs.forEach(ref -> route.addAllParents(ref.parents()));
    return route.build();
  }

  /// What a waypoint would refuse it for.
  @Nullable Issue refusalOrNull() {
    try {
      var _ = L7Decode.route(wire);
      return null;
    } catch (InvalidResource e) {
      return new Issue("UnsupportedValue", String.valueOf(e.getMessage()));
    }
  }
}
