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
import org.jspecify.annotations.Nullable;

/// One look at the objects of a cluster, for a command that ends.
public final class KubernetesGlance {
  private KubernetesGlance() {}

  /// Objects of these kinds, read as the control plane reads them; what it would refuse is left
  /// out. A kind that the API server does not know has none.
  ///
  /// @param namespace of pods, of which there may be many; null: of all namespaces
  /// @throws KubernetesClientException the API server did not answer, or does not let us
  public static ClusterView of(
      KubernetesClient client, Set<Kind> kinds, @Nullable String namespace) {
    ObjectReader reader = new ObjectReader(Origin.API_SERVER);
    List<KubeObject> found = new ArrayList<>();
    for (Kind kind : kinds) {
      String within = kind == Kind.POD ? namespace : null;
      for (GenericKubernetesResource object : list(client, kind, within)) {
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
      KubernetesClient client, Kind kind, @Nullable String namespace) {
    var all = client.genericKubernetesResources(KubernetesKinds.context(kind));
    try {
      var some =
          !kind.namespaced()
              ? all
              : namespace == null ? all.inAnyNamespace() : all.inNamespace(namespace);
      return some.list().getItems();
    } catch (KubernetesClientException e) {
      if (KubernetesKinds.notFound(e)) {
        return List.of();
      }
      throw e;
    }
  }
}
