package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// The kind of cluster, and what is different there. Directories as the chart `cni` has them.
// Nobody changes a predicate or the maps, which are Map.of().
@SuppressWarnings("ImmutableEnumChecker")
enum Platform {
  GKE(
      "Google Kubernetes Engine",
      node -> hasLabel(node, "cloud.google.com/gke-nodepool"),
      Map.of("cni.cniBinDir", "/home/kubernetes/bin")),
  EKS("Amazon EKS", node -> hasLabel(node, "eks.amazonaws.com/nodegroup"), Map.of()),
  AKS("Azure Kubernetes Service", node -> hasLabel(node, "kubernetes.azure.com/cluster"), Map.of()),
  OPENSHIFT("OpenShift", node -> hasLabel(node, "node.openshift.io/os_id"), Map.of()),
  K3D(
      "k3d",
      node -> isNamed(node, "k3d-"),
      Map.of(
          "cni.cniBinDir", "/bin", "cni.cniConfDir", "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
  K3S(
      "k3s",
      node -> kubelet(node).contains("+k3s"),
      Map.of(
          "cni.cniBinDir",
          "/var/lib/rancher/k3s/data/cni",
          "cni.cniConfDir",
          "/var/lib/rancher/k3s/agent/etc/cni/net.d")),
  MICROK8S(
      "MicroK8s",
      node -> hasLabel(node, "microk8s.io/cluster"),
      Map.of(
          "cni.cniBinDir",
          "/var/snap/microk8s/current/opt/cni/bin",
          "cni.cniConfDir",
          "/var/snap/microk8s/current/args/cni-network")),
  MINIKUBE(
      "minikube",
      node -> hasLabel(node, "minikube.k8s.io/name"),
      Map.of("cni.cniNetnsDir", "/var/run/docker/netns")),
  KIND("kind", node -> provider(node).startsWith("kind://"), Map.of()),
  OTHER("Kubernetes", node -> true, Map.of());

  private final String title;
  private final Predicate<Node> marks;
  private final Map<String, String> settings;

  Platform(String title, Predicate<Node> marks, Map<String, String> settings) {
    this.title = title;
    this.marks = marks;
    this.settings = settings;
  }

  /// That of the nodes; a cluster without nodes is like any other.
  static Platform of(NodeList nodes) {
    List<Node> items = nodes.getItems();
    for (Platform platform : values()) {
      if (items.stream().anyMatch(platform.marks)) {
        return platform;
      }
    }
    return OTHER;
  }

  String title() {
    return title;
  }

  /// What installations there set, keys as in [Settings].
  Map<String, String> settings() {
    return settings;
  }

  private static boolean hasLabel(Node node, String label) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels != null && labels.containsKey(label);
  }

  private static boolean isNamed(Node node, String prefix) {
    return node.getMetadata().getName().startsWith(prefix);
  }

  private static String kubelet(Node node) {
    return node.getStatus().getNodeInfo().getKubeletVersion();
  }

  private static String provider(Node node) {
    String provider = node.getSpec().getProviderID();
    return provider == null ? "" : provider;
  }
}
