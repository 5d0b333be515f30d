package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What in a cluster is ours. Istio's installations use the same names, so a name says nothing.
final class Ownership {
  static final String LABEL = "app.kubernetes.io/part-of";
  static final String OURS = "adit";

  /// Under which our istiod writes the roots' copies; Istio's writes under another one.
  private static final String ROOTS_MANAGER = "istiod-root-cert";

  private static final List<String> WORKLOADS =
      Stream.of(Component.values())
          .map(Component::workload)
          .filter(name -> !name.isEmpty())
          .toList();

  private Ownership() {}

  /// Whether an object carries our label, as all that is installed does.
  static boolean isOurs(HasMetadata object) {
    return OURS.equals(label(object, LABEL));
  }

  /// Whether our istiod has written this copy of the roots.
  static boolean hasOurRoots(HasMetadata copy) {
    List<ManagedFieldsEntry> fields = copy.getMetadata().getManagedFields();
    return fields != null
        && fields.stream().anyMatch(each -> ROOTS_MANAGER.equals(each.getManager()));
  }

  /// Control planes, node agents and node proxies of others, as `Deployment istio-system/istiod`.
  static List<String> foreign(KubernetesClient client) {
    return Stream.concat(
            client.apps().deployments().inAnyNamespace().list().getItems().stream(),
            client.apps().daemonSets().inAnyNamespace().list().getItems().stream())
        .filter(Ownership::isForeign)
        .map(Ownership::reference)
        .toList();
  }

  /// Those of them that are where the mesh is installed.
  static List<String> foreignInPlace(KubernetesClient client) {
    List<String> here = new ArrayList<>(foreign(client));
    here.removeIf(each -> !each.contains(" " + MeshPlace.NAMESPACE + "/"));
    return here;
  }

  private static boolean isForeign(HasMetadata workload) {
    boolean named =
        workload.getMetadata().getNamespace().equals(MeshPlace.NAMESPACE)
            && WORKLOADS.contains(workload.getMetadata().getName());
    // Istio's control planes of other revisions have other names.
    return (named || "istiod".equals(label(workload, "app"))) && !isOurs(workload);
  }

  /// Kind, namespace and name, as in messages.
  static String reference(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return object.getKind()
        + " "
        + (namespace == null ? "" : namespace + "/")
        + object.getMetadata().getName();
  }

  private static @Nullable String label(HasMetadata object, String label) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? null : labels.get(label);
  }
}
