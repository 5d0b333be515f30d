package adit.cli.waypoint;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The Gateways of a cluster. Fields that others own stay theirs.
///
/// @param client closed with this
record ClusterHome(KubernetesClient client) implements WaypointHome {
  private static final String OWNER = "adit";
  private static final String KIND = "Gateway";

  @Override
  public List<Seen> list(@Nullable String namespace) {
    var gateways = client.genericKubernetesResources(WaypointObject.API_VERSION, KIND);
    var found = namespace == null ? gateways.inAnyNamespace() : gateways.inNamespace(namespace);
    return found.list().getItems().stream()
        .filter(gateway -> WaypointObject.CLASS.equals(gateway.get("spec", "gatewayClassName")))
        .map(ClusterHome::seen)
        .sorted(Comparator.comparing(Seen::namespace).thenComparing(Seen::name))
        .toList();
  }

  private static Seen seen(GenericKubernetesResource gateway) {
    Map<String, String> labels = gateway.getMetadata().getLabels();
    Map<String, String> known = labels == null ? Map.of() : labels;
    List<Seen.Condition> conditions = new ArrayList<>();
    if (gateway.get("status", "conditions") instanceof List<?> all) {
      for (Object one : all) {
        if (one instanceof Map<?, ?> fields) {
          conditions.add(
              new Seen.Condition(
                  text(fields, "type"),
                  text(fields, "status"),
                  text(fields, "reason"),
                  text(fields, "message")));
        }
      }
    }
    return new Seen(
        gateway.getMetadata().getNamespace(),
        gateway.getMetadata().getName(),
        known.getOrDefault(WaypointObject.REVISION, ""),
        known.getOrDefault(WaypointObject.FOR, "none"),
        conditions);
  }

  private static String text(Map<?, ?> fields, String name) {
    Object value = fields.get(name);
    return value == null ? "" : value.toString();
  }

  @Override
  public void apply(WaypointObject waypoint) {
    var object =
        client
            .getKubernetesSerialization()
            .convertValue(waypoint.tree(), GenericKubernetesResource.class);
    var _ = client.resource(object).fieldManager(OWNER).forceConflicts().serverSideApply();
  }

  @Override
  public void delete(Seen waypoint) {
    var _ =
        client
            .genericKubernetesResources(WaypointObject.API_VERSION, KIND)
            .inNamespace(waypoint.namespace())
            .withName(waypoint.name())
            .delete();
  }

  @Override
  public @Nullable Map<String, String> labels(String namespace) {
    Namespace there = client.namespaces().withName(namespace).get();
    if (there == null) {
      return null;
    }
    Map<String, String> labels = there.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  @Override
  public void enroll(String namespace, String waypoint) {
    var patch = Map.of("metadata", Map.of("labels", Map.of(WaypointObject.USE, waypoint)));
    var _ =
        client
            .namespaces()
            .withName(namespace)
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                client.getKubernetesSerialization().asJson(patch));
  }

  @Override
  public void close() {
    client.close();
  }
}
