package adit.source;

import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// One look at the objects of a cluster, for a command that ends.
public final class KubernetesGlance {
  private static final int FORBIDDEN = 403;

  private KubernetesGlance() {}

  /// Objects of these kinds, read as the control plane reads them; what it would refuse is left
  /// out. A kind that the API server does not know has none. Who may not look at all namespaces is
  /// shown one.
  ///
  /// @param namespace the one; of pods, of which there may be many, only these are read
  /// @throws KubernetesClientException the API server did not answer, or does not let us
  public static ClusterView of(KubernetesClient client, Set<Kind> kinds, String namespace) {
    ObjectReader reader = new ObjectReader(Origin.API_SERVER);
    List<KubeObject> found = new ArrayList<>();
    for (Kind kind : kinds) {
      for (GenericKubernetesResource object : list(client, kind, namespace)) {
        object.setApiVersion(kind.apiVersion());
        object.setKind(kind.text());
        JsonNode json = client.getKubernetesSerialization().convertValue(object, JsonNode.class);
        KubeObject read = reader.read(json).object();
        if (read != null) {
          found.add(read);
        }
      }
    }
    return ClusterView.of(1, found);
  }

  private static List<GenericKubernetesResource> list(
      KubernetesClient client, Kind kind, String namespace) {
    var all = client.genericKubernetesResources(KubernetesKinds.context(kind));
    try {
      if (kind == Kind.POD) {
        return all.inNamespace(namespace).list().getItems();
      }
      return (kind.namespaced() ? all.inAnyNamespace() : all).list().getItems();
    } catch (KubernetesClientException e) {
      if (KubernetesKinds.notFound(e)) {
        return List.of();
      }
      boolean narrower = kind != Kind.POD && (kind.namespaced() || kind == Kind.NAMESPACE);
      if (KubernetesKinds.code(e) != FORBIDDEN || !narrower) {
        throw e;
      }
      return kind.namespaced()
          ? all.inNamespace(namespace).list().getItems()
          : Stream.ofNullable(all.withName(namespace).get()).toList();
    }
  }
}
