package adit.cli.cluster;

import java.util.List;
import java.util.Map;

/// What is installed one after the other. The lines are those that users of the reference know.
enum Component {
  CORE("Core", "⛵️", "", "", ""),
  ISTIOD("Istiod", "🧠", "Deployment", "istiod", "istiod"),
  CNI("CNI", "🪢", "DaemonSet", "istio-cni-node", "istio-cni-node"),
  ZTUNNEL("Ztunnel", "🔒", "DaemonSet", "ztunnel", "ztunnel");

  private final String title;
  private final String sign;
  private final String kind;
  private final String workload;
  private final String label;

  Component(String title, String sign, String kind, String workload, String label) {
    this.title = title;
    this.sign = sign;
    this.kind = kind;
    this.workload = workload;
    this.label = label;
  }

  /// In the order of installation; away from the node first, so that no pod is captured by nobody.
  static final List<Component> REMOVAL = List.of(CNI, ZTUNNEL, ISTIOD, CORE);

  String title() {
    return title;
  }

  String installedLine() {
    return "✔ " + title + " installed " + sign;
  }

  /// `Deployment`, `DaemonSet`, or empty: nothing runs.
  String kind() {
    return kind;
  }

  /// Name of the Deployment or DaemonSet.
  String workload() {
    return workload;
  }

  /// Whose object this is.
  static Component of(Map<?, ?> object) {
    if (Trees.map(object, "metadata").get("labels") instanceof Map<?, ?> labels) {
      for (Component component : values()) {
        if (component.label.equals(labels.get("app.kubernetes.io/name"))) {
          return component;
        }
      }
    }
    return CORE;
  }
}
