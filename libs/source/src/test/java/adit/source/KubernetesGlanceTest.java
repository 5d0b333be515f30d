package adit.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.testkit.kube.ApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class KubernetesGlanceTest {
  private static final Set<Kind> KINDS = Set.of(Kind.SERVICE, Kind.POD, Kind.GATEWAY);

  @Test
  void of_aCluster_readsWhatItKnows_andPodsOfOneNamespace(@TempDir Path directory)
      throws Exception {
    try (ApiServer server = new ApiServer()) {
      server.know("v1", "services", "pods");
      server.put("v1", "services", named("Service", "shop", "web", "{ports: [{port: 80}]}"));
      server.put("v1", "services", named("Service", "other", "web", "{ports: [{port: 80}]}"));
      server.put("v1", "pods", named("Pod", "shop", "web-0", "{containers: []}"));
      server.put("v1", "pods", named("Pod", "other", "web-0", "{containers: []}"));
      Path config = Files.writeString(directory.resolve("config"), server.kubeconfig());
      try (KubernetesClient client = KubernetesClients.open(config)) {
        ClusterView view = KubernetesGlance.of(client, KINDS, "shop");

        assertThat(view.services()).hasSize(2);
        assertThat(view.pods()).containsOnlyKeys(ObjectKey.of(Kind.POD, "shop", "web-0"));
        assertThat(view.gateways()).isEmpty();

        server.forbid("services");
        assertThatThrownBy(() -> KubernetesGlance.of(client, KINDS, "shop"))
            .isInstanceOf(KubernetesClientException.class);
      }
    }
  }

  private static String named(String kind, String namespace, String name, String spec) {
    String meta = "{\"namespace\":\"" + namespace + "\",\"name\":\"" + name + "\"}";
    return "{\"apiVersion\":\"v1\",\"kind\":\""
        + kind
        + "\",\"metadata\":"
        + meta
        + ",\"spec\":"
        + spec.replaceAll("([a-z]+):", "\"$1\":")
        + "}";
  }
}
