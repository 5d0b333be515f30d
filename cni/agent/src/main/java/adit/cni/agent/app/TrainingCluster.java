package adit.cni.agent.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;

/// A directory with a small cluster, and the agent's environment for it.
record TrainingCluster(Path directory) {
  private static final String OBJECTS =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
      ---
      apiVersion: v1
      kind: Node
      metadata: {name: n1}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {namespace: shop, name: elsewhere, uid: u-elsewhere, labels: {app: web}}
      spec: {nodeName: n2, serviceAccountName: web}
      status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}]}
      """;

  static TrainingCluster write() throws IOException {
    Path directory = Files.createTempDirectory("adit-training-");
    Files.createDirectory(directory.resolve("cluster"));
    Files.createDirectory(directory.resolve("status"));
    Files.writeString(directory.resolve("cluster/shop.yaml"), OBJECTS);
    return new TrainingCluster(directory);
  }

  Map<String, String> environment() {
    return Map.of(
        "NODE_NAME", "n1",
        "ADIT_SOURCE_DIR", directory.resolve("cluster") + ":" + directory.resolve("status"),
        "ADIT_STATUS_DIR", directory.resolve("status").toString(),
        "CNI_AGENT_RUN_DIR", directory.resolve("run").toString(),
        "ZTUNNEL_UDS_ADDRESS", directory.resolve("zds/ztunnel.sock").toString());
  }

  void delete() throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
