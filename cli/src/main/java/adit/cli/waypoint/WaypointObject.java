package adit.cli.waypoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/// The Gateway that declares a waypoint.
///
/// @param namespace where; null: left to whoever applies it
/// @param traffic `service`, `workload`, `all`, `none`; null: not said, which means `service`
/// @param revision of the control plane; null: not said
record WaypointObject(
    @Nullable String namespace, String name, @Nullable String traffic, @Nullable String revision) {
  static final String API_VERSION = "gateway.networking.k8s.io/v1";
  static final String CLASS = "istio-waypoint";
  static final String FOR = "istio.io/waypoint-for";
  static final String REVISION = "istio.io/rev";
  static final String USE = "istio.io/use-waypoint";
  private static final Set<String> TRAFFIC = Set.of("all", "none", "service", "workload");
  private static final int HBONE = 15008;

  WaypointObject {
    if (traffic != null && !TRAFFIC.contains(traffic)) {
      throw new IllegalArgumentException(
          "--for: " + traffic + " (expected: one of all, none, service, workload)");
    }
  }

  Map<String, Object> tree() {
    Map<String, Object> labels = new LinkedHashMap<>();
    put(labels, REVISION, revision);
    put(labels, FOR, traffic);
    Map<String, Object> metadata = new LinkedHashMap<>();
    if (!labels.isEmpty()) {
      metadata.put("labels", labels);
    }
    metadata.put("name", name);
    put(metadata, "namespace", namespace);
    Map<String, Object> listener = new LinkedHashMap<>();
    listener.put("name", "mesh");
    listener.put("port", HBONE);
    listener.put("protocol", "HBONE");
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("gatewayClassName", CLASS);
    spec.put("listeners", List.of(listener));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("apiVersion", API_VERSION);
    tree.put("kind", "Gateway");
    tree.put("metadata", metadata);
    tree.put("spec", spec);
    return tree;
  }

  /// As YAML for people and files.
  String yaml() {
    return yaml(tree());
  }

  static String yaml(Map<String, Object> tree) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    return new Yaml(options).dump(tree);
  }

  private static void put(Map<String, Object> map, String key, @Nullable String value) {
    if (value != null) {
      map.put(key, value);
    }
  }
}
