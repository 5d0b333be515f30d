package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
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
  private static final String ROOTS = "istio-ca-root-cert";
  private static final String KEY = "istio-ca-secret";

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

  /// What became of a deletion.
  enum Deletion {
    DELETED,
    ABSENT,
    /// It is there, under our name, and is another's.
    NOT_OURS
  }

  /// Deletes it if it is ours, its dependents in the background.
  Deletion delete(Map<String, Object> object) {
    HasMetadata there = client.resource(typed(object)).get();
    if (there == null) {
      return Deletion.ABSENT;
    }
    if (!Ownership.isOurs(there)) {
      return Deletion.NOT_OURS;
    }
    return client.resource(there).delete().isEmpty() ? Deletion.ABSENT : Deletion.DELETED;
  }

  /// Applies the namespace; one that was there before does not become ours.
  void applyNamespace(Map<String, Object> namespace) {
    HasMetadata there = client.resource(typed(namespace)).get();
    HasMetadata wanted = typed(namespace);
    if (there != null && !Ownership.isOurs(there)) {
      var _ = wanted.getMetadata().getLabels().remove(Ownership.LABEL);
    }
    var _ = client.resource(wanted).fieldManager(OWNER).forceConflicts().serverSideApply();
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
                    .addToLabels(Ownership.LABEL, Ownership.OURS)
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

  /// Removes the copies of the roots that our control plane has put into every namespace.
  void deleteRoots() {
    client
        .configMaps()
        .inAnyNamespace()
        .withField("metadata.name", ROOTS)
        .list()
        .getItems()
        .stream()
        .filter(Ownership::hasOurRoots)
        .forEach(copy -> {
          var _ = client.resource(copy).delete();
        });
  }

  /// Removes the lease of the control plane's replicas; Istio's have other names.
  void deleteLease() {
    var _ = client.leases().inNamespace(MeshPlace.NAMESPACE).withName("istiod-leader").delete();
  }

  /// Removes the CA's key.
  void deleteKey() {
    var _ = client.secrets().inNamespace(MeshPlace.NAMESPACE).withName(KEY).delete();
  }

  boolean hasKey() {
    return client.secrets().inNamespace(MeshPlace.NAMESPACE).withName(KEY).get() != null;
  }
}
