package adit.cni.agent.leave;

import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import org.jspecify.annotations.Nullable;

/// Asks an API server about the agent's DaemonSet.
///
/// @param client to the API server, with short timeouts; owned by the caller
/// @param namespace the agent's own
/// @param name of the DaemonSet
public record AgentsDaemonSet(KubernetesClient client, String namespace, String name) {
  /// Asks; blocks for as long as the client's timeouts allow.
  public Parent ask() {
    try {
      return parent(client.apps().daemonSets().inNamespace(namespace).withName(name).get());
    } catch (KubernetesClientException e) {
      return switch (e.getCode()) {
        case HttpURLConnection.HTTP_UNAUTHORIZED, HttpURLConnection.HTTP_FORBIDDEN ->
            new Parent.Forbidden(String.valueOf(e.getMessage()));
        case HttpURLConnection.HTTP_NOT_FOUND -> new Parent.Gone();
        default -> new Parent.Unknown(String.valueOf(e.getMessage()));
      };
    }
  }

  private static Parent parent(@Nullable DaemonSet set) {
    if (set == null) {
      return new Parent.Gone();
    }
    return set.getMetadata().getDeletionTimestamp() == null
        ? new Parent.Present()
        : new Parent.Deleting();
  }
}
