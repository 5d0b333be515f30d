package adit.istiod.l7;

import adit.istiod.l7.L7Translation.OtherObject;
import adit.l7.L7Decode;
import adit.model.InvalidResource;
import adit.protos.l7.Parent;
import adit.protos.l7.Route;
import adit.source.Selection;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.Configuration;
import adit.source.object.Fields;
import adit.source.object.Kind;
import adit.source.object.ObjectReader;
import adit.source.object.SpecCheck;
import org.jspecify.annotations.Nullable;

/// Looks at one object alone: whether it can be read, and whether a waypoint would take it.
public final class L7Check implements SpecCheck {
  @Override
  public void check(ObjectReader reader, Configuration object, Fields spec) {
    Reading reading = new Reading(reader, object.meta().namespace(), References.ANY);
    if (object.kind() == Kind.CONFIG_MAP) {
      mesh(object, reading, spec);
      return;
    }
    InvalidResource refusal =
        switch (object.kind()) {
          case HTTP_ROUTE, GRPC_ROUTE, TCP_ROUTE, TLS_ROUTE ->
              route(ReadRoute.of(object, spec, reading).wire());
          case VIRTUAL_SERVICE -> virtualService(object, spec, reading);
          default -> other(OtherObject.of(object, spec, reading));
        };
    if (refusal != null) {
      spec.invalid(reader.ofValues(), refusal.field(), refusal.value(), refusal.expected());
    }
  }

  private static void mesh(Configuration object, Reading reading, Fields data) {
    if (object.meta().name().equals(Selection.MESH)) {
      var _ = MeshConfig.read(object, reading, data);
    }
  }

  private static @Nullable InvalidResource virtualService(
      Configuration object, Fields spec, Reading reading) {
    VirtualServices all = new VirtualServices();
    VirtualServices.Read read = all.add(object, spec, reading);
    boolean own =
        read.http().stream()
            .map(VirtualServiceReader.Http::delegate)
            .anyMatch(delegate ->
                delegate != null
                    && delegate.namespace().equals(object.meta().namespace())
                    && delegate.name().equals(object.meta().name()));
    if (own) {
      reading.wrong(spec, "http", "no delegate that is the object itself: a cycle");
    }
    Route.Builder wire =
        Route.newBuilder()
            .setKind(Route.Kind.VIRTUAL_SERVICE)
            .setNamespace(object.meta().namespace())
            .setName(object.meta().name())
            .addParents(Parent.newBuilder().setService("any/any"))
            .addAllStream(read.streams().getStreamList());
    read.http().forEach(http -> wire.addHttp(http.rule()));
    return route(wire.build());
  }

  private static @Nullable InvalidResource route(Route wire) {
    try {
      var _ = L7Decode.route(wire);
      return null;
    } catch (InvalidResource e) {
      return e;
    }
  }

  private static @Nullable InvalidResource other(OtherObject object) {
    try {
      var _ = object.decode();
      return null;
    } catch (InvalidResource e) {
      return e;
    }
  }

  /// What a waypoint would say of a policy with targets, empty if nothing.
  public static String refusal(AuthorizationPolicy policy) {
    if (policy.targets().isEmpty()) {
      return "";
    }
    Reading reading =
        new Reading(
            new ObjectReader(ObjectReader.Origin.API_SERVER),
            policy.meta().namespace(),
            References.ANY);
    try {
      var _ = L7Decode.requestPolicy(L7Translation.requestPolicy(policy, reading).build());
      return "";
    } catch (InvalidResource e) {
      return String.valueOf(e.getMessage());
    }
  }
}
