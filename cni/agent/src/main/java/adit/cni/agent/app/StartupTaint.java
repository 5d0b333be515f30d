package adit.cni.agent.app;

import adit.telemetry.Log;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Locale;

/// A taint with which nodes join the cluster, so that no pod starts before the node can capture it;
/// the agent takes it off once. One thread.
final class StartupTaint {
  private final KubernetesClient client;
  private final String node;
  private final String key;
  private final Log log;
  private boolean done;

  /// @param client owned by the caller
  /// @param key of the taint; the effect does not matter
  StartupTaint(KubernetesClient client, String node, String key, Log log) {
    this.client = client;
    this.node = node;
    this.key = key;
    this.log = log;
  }

  /// Takes it off, if it is there and was not looked for with success before. A failure is logged;
  /// the next call tries again.
  void takeOff() {
    if (done) {
      return;
    }
    try {
      Node object = client.nodes().withName(node).get();
      List<Taint> taints = object == null ? List.of() : object.getSpec().getTaints();
      // From behind, so that the places of those before stay what they are.
      for (int i = taints.size() - 1; i >= 0; i--) {
        if (taints.get(i).getKey().equals(key)) {
          remove(i);
          log.info("startup taint taken off: the node can capture pods", "taint", key);
        }
      }
      done = true;
    } catch (KubernetesClientException e) {
      log.warn(
          "startup taint not taken off", "taint", key, "error", String.valueOf(e.getMessage()));
    }
  }

  /// Fails if somebody has changed the list meanwhile.
  private void remove(int index) {
    String path = "/spec/taints/" + index;
    String patch =
        String.format(
            Locale.ROOT,
            "[{\"op\":\"test\",\"path\":\"%s/key\",\"value\":\"%s\"},{\"op\":\"remove\",\"path\":\"%s\"}]",
            path,
            key,
            path);
    var _ = client.nodes().withName(node).patch(PatchContext.of(PatchType.JSON), patch);
  }
}
