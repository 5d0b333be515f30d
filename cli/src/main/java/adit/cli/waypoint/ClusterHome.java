package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.KubernetesGlance;
import adit.source.admit.OrderTrap;
import adit.source.object.Kind;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.Yaml;

/// The Gateways of a cluster. Fields that others own stay theirs.
///
/// @param client closed with this
record ClusterHome(KubernetesClient client) implements WaypointHome {
  private static final String OWNER = "adit";
  private static final String KIND = "Gateway";
  private static final Set<Kind> READ =
      Set.of(Kind.NAMESPACE, Kind.SERVICE, Kind.POD, Kind.AUTHORIZATION_POLICY, Kind.GATEWAY);

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
    apply(Kind.GATEWAY, waypoint.tree());
  }

  @Override
  public void apply(Map<String, Object> policy) {
    apply(Kind.AUTHORIZATION_POLICY, policy);
  }

  private void apply(Kind kind, Map<String, Object> tree) {
    var object =
        client.getKubernetesSerialization().convertValue(tree, GenericKubernetesResource.class);
    var context =
        new ResourceDefinitionContext.Builder()
            .withGroup(kind.group())
            .withVersion(kind.version())
            .withKind(kind.text())
            .withPlural(kind.plural())
            .withNamespaced(kind.namespaced())
            .build();
    var _ =
        client
            .genericKubernetesResources(context)
            .inNamespace(object.getMetadata().getNamespace())
            .resource(object)
            .fieldManager(OWNER)
            .forceConflicts()
            .serverSideApply();
  }

  @Override
  public ClusterView view(String namespace) {
    return KubernetesGlance.of(client, READ, namespace);
  }

  /// As the ConfigMap `istio` says, where installations of the mesh keep it.
  @Override
  public OrderTrap.Mesh mesh() {
    ConfigMap said = client.configMaps().inNamespace(USUAL.rootNamespace()).withName("istio").get();
    String mesh = said == null || said.getData() == null ? "" : said.getData().get("mesh");
    Object tree = mesh == null ? null : new Yaml().load(mesh);
    Object domain = tree instanceof Map<?, ?> fields ? fields.get("trustDomain") : null;
    return new OrderTrap.Mesh(
        domain instanceof String text ? text : USUAL.trustDomain(),
        USUAL.rootNamespace(),
        USUAL.revision());
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
