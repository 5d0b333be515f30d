package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Writes and removes objects, by server-side apply under one name, so that fields which others own
/// stay theirs.
///
/// @param client to the cluster
record Applier(KubernetesClient client) {
  private static final String OWNER = "adit";
  private static final String RECORD = "adit-install";
  private static final String SETTINGS = "settings";

  void apply(Map<String, Object> object) {
    var _ = client.resource(typed(object)).fieldManager(OWNER).forceConflicts().serverSideApply();
  }

  /// Creates what is not there; what is there stays as it is.
  ///
  /// @return whether it was created
  boolean createIfAbsent(Map<String, Object> object) {
    try {
      var _ = client.resource(typed(object)).create();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
  }

  /// Deletes it, its dependents in the background.
  ///
  /// @return whether it was there
  boolean delete(Map<String, Object> object) {
    return !client.resource(typed(object)).delete().isEmpty();
  }

  private HasMetadata typed(Map<String, Object> object) {
    return client.getKubernetesSerialization().unmarshal(Trees.text(object), HasMetadata.class);
  }

  /// Remembers what was chosen, for upgrades.
  void remember(List<String> words) {
    var _ =
        client
            .resource(
                new ConfigMapBuilder()
                    .withNewMetadata()
                    .withName(RECORD)
                    .withNamespace(MeshPlace.NAMESPACE)
                    .addToLabels("app.kubernetes.io/part-of", "adit")
                    .endMetadata()
                    .addToData(SETTINGS, String.join("\n", words))
                    .build())
            .fieldManager(OWNER)
            .forceConflicts()
            .serverSideApply();
  }

  /// What was chosen last time.
  List<String> remembered() {
    var map = client.configMaps().inNamespace(MeshPlace.NAMESPACE).withName(RECORD).get();
    if (map == null || map.getData() == null) {
      return List.of();
    }
    String text = map.getData().getOrDefault(SETTINGS, "");
    return text.isEmpty() ? List.of() : List.of(text.split("\n", -1));
  }

  void forget() {
    var _ = client.configMaps().inNamespace(MeshPlace.NAMESPACE).withName(RECORD).delete();
  }

  /// Removes what the control plane has put into every namespace, and its key.
  void deleteWhatIstiodMade() {
    for (String namespace : namespaces()) {
      var _ = client.configMaps().inNamespace(namespace).withName("istio-ca-root-cert").delete();
    }
    var _ = client.secrets().inNamespace(MeshPlace.NAMESPACE).withName("istio-ca-secret").delete();
    var _ = client.leases().inNamespace(MeshPlace.NAMESPACE).withName("istiod-leader").delete();
  }

  private List<String> namespaces() {
    List<String> names = new ArrayList<>();
    client
        .namespaces()
        .list()
        .getItems()
        .forEach(namespace -> names.add(namespace.getMetadata().getName()));
    return names;
  }

  void deleteNamespace() {
    var _ =
        client
            .resource(
                new NamespaceBuilder()
                    .withNewMetadata()
                    .withName(MeshPlace.NAMESPACE)
                    .endMetadata()
                    .build())
            .delete();
  }
}
