package adit.istiod.cluster;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.Locale;
import java.util.Map;

/// Gateways, and what is made for them, in the API server.
final class GatewayObjects {
  private GatewayObjects() {}

  /// A Gateway, not read.
  static Resource<GenericKubernetesResource> gateway(KubernetesClient client, ObjectKey key) {
    GenericKubernetesResource named = new GenericKubernetesResource();
    named.setApiVersion(key.kind().apiVersion());
    named.setKind(key.kind().text());
    named.setMetadata(
        new ObjectMetaBuilder().withNamespace(key.namespace()).withName(key.name()).build());
    return client
        .genericKubernetesResources(context(key.kind()))
        .inNamespace(key.namespace())
        .resource(named);
  }

  /// The place of an object that is made for a gateway.
  static Resource<GenericKubernetesResource> target(KubernetesClient client, ObjectNode object) {
    String apiVersion = object.path("apiVersion").asText();
    int slash = apiVersion.indexOf('/');
    String kind = object.path("kind").asText();
    ResourceDefinitionContext context =
        new ResourceDefinitionContext.Builder()
            .withGroup(slash < 0 ? "" : apiVersion.substring(0, slash))
            .withVersion(apiVersion.substring(slash + 1))
            .withKind(kind)
            .withPlural(kind.toLowerCase(Locale.ROOT) + "s")
            .withNamespaced(true)
            .build();
    return client
        .genericKubernetesResources(context)
        .inNamespace(object.path("metadata").path("namespace").asText())
        .resource(
            client
                .getKubernetesSerialization()
                .convertValue(object, GenericKubernetesResource.class));
  }

  /// Creates a GatewayClass; fails if it is there.
  static void createClass(KubernetesClient client, String name, String controller) {
    GenericKubernetesResource created = new GenericKubernetesResource();
    created.setApiVersion(Kind.GATEWAY_CLASS.apiVersion());
    created.setKind(Kind.GATEWAY_CLASS.text());
    created.setMetadata(new ObjectMetaBuilder().withName(name).build());
    created.setAdditionalProperty(
        "spec",
        Map.of("controllerName", controller, "description", "Waypoints of the ambient mesh"));
    var _ =
        client.genericKubernetesResources(context(Kind.GATEWAY_CLASS)).resource(created).create();
  }

  private static ResourceDefinitionContext context(Kind kind) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(kind.group())
        .withVersion(kind.version())
        .withKind(kind.text())
        .withPlural(kind.plural())
        .withNamespaced(kind.namespaced())
        .build();
  }
}
