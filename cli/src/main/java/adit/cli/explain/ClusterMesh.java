package adit.cli.explain;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.util.function.Predicate;

/// The mesh of a cluster: its programs are reached through the API server, as by `kubectl
/// port-forward`.
///
/// @param client closed with this
/// @param namespace of the control plane
record ClusterMesh(KubernetesClient client, String namespace) implements MeshAccess {
  private static final int MONITORING = 15_014;
  private static final int ADMIN = 15_000;

  @Override
  public JsonNode istiod(String path) throws IOException {
    return page("istiod", _ -> true, "", MONITORING, path);
  }

  @Override
  public JsonNode refusals(String node) throws IOException {
    return page(
        "ztunnel",
        pod -> node.equals(pod.getSpec().getNodeName()),
        " on node " + node,
        ADMIN,
        "/refusals");
  }

  private JsonNode page(String app, Predicate<Pod> wanted, String where, int port, String path)
      throws IOException {
    Pod pod =
        client.pods().inNamespace(namespace).withLabel("app", app).list().getItems().stream()
            .filter(wanted)
            .filter(ClusterMesh::ready)
            .findFirst()
            .orElseThrow(
                () -> new IOException("no ready pod of app=" + app + where + " in " + namespace));
    String name = pod.getMetadata().getName();
    try (LocalPortForward forward =
        client.pods().inNamespace(namespace).withName(name).portForward(port)) {
      return Pages.get(forward.getLocalPort(), path);
    } catch (IOException e) {
      throw new IOException(namespace + "/" + name + ": " + e.getMessage(), e);
    }
  }

  private static boolean ready(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() == null
        && pod.getStatus().getConditions().stream()
            .anyMatch(one -> one.getType().equals("Ready") && one.getStatus().equals("True"));
  }

  @Override
  public void close() {
    client.close();
  }
}
