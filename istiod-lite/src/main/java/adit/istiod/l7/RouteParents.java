package adit.istiod.l7;

import adit.protos.l7.Parent;
import adit.source.object.Fields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The `parentRefs` of a route of the Gateway API. Parents that are gateways are left to whoever
/// serves them.
///
/// @param reading the route
record RouteParents(Reading reading) {
  /// One `parentRef` that is ours.
  ///
  /// @param ref as it is written
  /// @param services that it means
  /// @param port of them, 0 for all
  /// @param failure why the route is not attached to it
  record Ref(JsonNode ref, List<References.Named> services, int port, @Nullable Issue failure) {
    Ref {
      services = List.copyOf(services);
    }

    List<Parent> parents() {
      return failure != null
          ? List.of()
          : services.stream()
              .map(named -> Parent.newBuilder().setService(named.key()).setPort(port).build())
              .toList();
    }

    Ref failed(Issue why) {
      return new Ref(ref, services, port, why);
    }
  }

  List<Ref> read(Fields spec) {
    List<Ref> refs = new ArrayList<>();
    List<@Nullable Ref> all = new ArrayList<>();
    spec.objects(
        "parentRefs",
        ref -> {
          all.add(refOrNull(ref, spec.tree("parentRefs").get(all.size())));
          return null;
        });
    for (Ref ref : all) {
      if (ref != null) {
        refs.add(ref);
      }
    }
    return refs;
  }

  private @Nullable Ref refOrNull(Fields ref, JsonNode written) {
    String group = ref.text("group", "gateway.networking.k8s.io");
    String kind = ref.text("kind", "Gateway");
    String namespace = ref.text("namespace", reading.namespace());
    String name = ref.requiredText("name");
    int port = ref.port("port", 0);
    boolean service = group.isEmpty() && kind.equals("Service");
    boolean entry = group.equals("networking.istio.io") && kind.equals("ServiceEntry");
    reading.strict(ref.ignore("sectionName"));
    if (!service && !entry) {
      return null;
    }
    List<References.Named> named =
        entry ? reading.references().entry(namespace, name) : ofService(namespace, name);
    Issue failure = null;
    if (named.isEmpty()) {
      failure =
          new Issue("NoMatchingParent", kind + " " + namespace + "/" + name + " was not found");
    } else if (named.stream().noneMatch(one -> one.hasPort(port))) {
      failure =
          new Issue(
              "NoMatchingParent", kind + " " + namespace + "/" + name + " has no port " + port);
    }
    return new Ref(written, named, port, failure);
  }

  private List<References.Named> ofService(String namespace, String name) {
    References.Named found = reading.references().serviceOrNull(namespace, name);
    return found == null ? List.of() : List.of(found);
  }
}
