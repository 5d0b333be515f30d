package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The nodes themselves: what lies there, and commands on them. A pod with all rights on each of
/// them, in a namespace of its own, from the image of the node agent, which has `nsenter`, `nft`
/// and `ip`.
///
/// @param cluster the cluster
/// @param image of the node agent
record Nodes(Cluster cluster, String image) {
  private static final String NAMESPACE = "adit-e2e";
  private static final String APP = "node";
  private static final Duration START = Duration.ofMinutes(2);

  /// Program not found, by POSIX.
  static final int NOT_FOUND = 127;

  private static final String PODS =
      """
      apiVersion: v1
      kind: Namespace
      metadata:
        name: adit-e2e
        labels: {pod-security.kubernetes.io/enforce: privileged}
      ---
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: node, namespace: adit-e2e}
      spec:
        selector: {matchLabels: {app: node}}
        template:
          metadata: {labels: {app: node}}
          spec:
            hostPID: true
            hostNetwork: true
            terminationGracePeriodSeconds: 0
            tolerations: [{operator: Exists}]
            containers:
              - name: node
                image: IMAGE
                imagePullPolicy: IfNotPresent
                # The node's own program, because the image has none that does nothing.
                command: [nsenter, --target, "1", --mount, --, sleep, infinity]
                securityContext: {privileged: true, runAsUser: 0}
      """;

  /// Starts the pods, or looks whether they are there.
  void await() throws Exception {
    cluster.apply(PODS.replace("IMAGE", image));
    cluster.awaitDaemonSet(NAMESPACE, APP, START);
  }

  /// Removes the pods; without them nothing is done.
  void close() {
    if (cluster.exists(NAMESPACE)) {
      cluster.delete(PODS.replace("IMAGE", image));
    }
  }

  List<String> names() {
    return cluster.client().nodes().list().getItems().stream()
        .map(node -> node.getMetadata().getName())
        .sorted()
        .toList();
  }

  /// Runs a program of the node, with the node's files and network.
  Cluster.Ended run(String node, String... words) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("nsenter", "--target", "1", "--mount", "--net", "--"));
    command.addAll(List.of(words));
    return cluster.exec(pod(node), command.toArray(String[]::new));
  }

  /// What a program of the node prints.
  ///
  /// @throws JourneyFailed its exit code is another than 0
  String printed(String node, String... words) throws Exception {
    return good(node, run(node, words), words);
  }

  /// Runs a program of the image in the node's network.
  String inNode(String node, String... words) throws Exception {
    return good(node, cluster.exec(pod(node), words), words);
  }

  /// Runs a program of the image in the network namespace of a pod.
  ///
  /// @param netns its name, from [#netns]
  String inPod(String node, String netns, String... words) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("nsenter", "--net=/proc/1/root/run/netns/" + netns, "--"));
    command.addAll(List.of(words));
    return inNode(node, command.toArray(String[]::new));
  }

  /// Kills the processes of a pod on the spot, as the kernel does when memory runs out.
  ///
  /// @return how many
  int kill(Pod pod) throws Exception {
    String script =
        """
        for file in /proc/[0-9]*/environ; do
          if tr '\\0' '\\n' 2>/dev/null <"$file" | grep -qx "POD_NAME=$0"; then
            process=${file#/proc/}
            kill -9 "${process%/environ}" && echo killed
          fi
        done
        """;
    String node = pod.getSpec().getNodeName();
    return printed(node, "sh", "-c", script, pod.getMetadata().getName()).split("killed", -1).length
        - 1;
  }

  /// Names of the network namespaces of a node's pods.
  List<String> netns(String node) throws Exception {
    return printed(node, "ls", "/run/netns").lines().filter(name -> !name.isBlank()).toList();
  }

  private static String good(String node, Cluster.Ended ended, String... words)
      throws JourneyFailed {
    if (ended.exit() != 0) {
      throw new JourneyFailed(
          String.format(
              Locale.ROOT,
              "%s: %s: exit %d: %s",
              node,
              String.join(" ", words),
              ended.exit(),
              ended.out().strip()));
    }
    return ended.out();
  }

  private Pod pod(String node) throws Exception {
    for (Pod pod : cluster.pods(NAMESPACE, "app", APP)) {
      if (node.equals(pod.getSpec().getNodeName()) && Cluster.ready(pod)) {
        return pod;
      }
    }
    throw new JourneyFailed(NAMESPACE + ": no pod is ready on " + node);
  }
}
