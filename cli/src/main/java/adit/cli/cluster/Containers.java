package adit.cli.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/// The workloads among rendered objects, to change.
///
/// @param objects all of them
record Containers(List<Map<String, Object>> objects) {
  void hub(String hub) {
    images((before, slash, colon) -> hub + before.substring(slash));
  }

  void tag(String tag) {
    images((before, slash, colon) -> before.substring(0, colon) + ":" + tag);
  }

  private interface Renaming {
    String of(String image, int slash, int colon);
  }

  private void images(Renaming renaming) {
    each(container -> {
      String image = Objects.toString(container.get("image"));
      container.put("image", renaming.of(image, image.lastIndexOf('/'), image.lastIndexOf(':')));
    });
  }

  void pullPolicy(String policy) {
    each(container -> container.put("imagePullPolicy", policy));
  }

  void replicas(String count) {
    for (Map<String, Object> object : objects) {
      if (Trees.kind(object).equals("Deployment")) {
        Trees.map(object, "spec").put("replicas", Integer.valueOf(count));
      }
    }
  }

  void plugins(String path) {
    environment(Component.CNI, "CNI_BIN_DIR", path);
    host("cni-bin-dir", path);
  }

  void configuration(String path) {
    environment(Component.CNI, "CNI_NET_DIR", path);
    host("cni-net-dir", path);
  }

  /// Sets a variable of a component's containers.
  void environment(Component component, String name, String value) {
    for (Map<String, Object> object : objects) {
      if (Component.of(object) == component) {
        containers(object)
            .forEach(container -> set(Trees.list(Trees.map(container), "env"), name, value));
      }
    }
  }

  private static void set(List<Object> environment, String name, String value) {
    for (Object variable : environment) {
      if (name.equals(Trees.map(variable).get("name"))) {
        Trees.map(variable).put("value", value);
        return;
      }
    }
    Map<String, String> variable = new LinkedHashMap<>();
    variable.put("name", name);
    variable.put("value", value);
    environment.add(variable);
  }

  /// Lets a volume be another directory of the node.
  void host(String volume, String path) {
    for (Map<String, Object> object : objects) {
      for (Object each : Trees.list(podSpec(object), "volumes")) {
        if (volume.equals(Trees.map(each).get("name"))) {
          Trees.map(Trees.map(each), "hostPath").put("path", path);
        }
      }
    }
  }

  private void each(Consumer<Map<Object, Object>> change) {
    for (Map<String, Object> object : objects) {
      containers(object).forEach(container -> change.accept(Trees.map(container)));
    }
  }

  private static List<Object> containers(Map<String, Object> object) {
    return Trees.list(podSpec(object), "containers");
  }

  private static Map<Object, Object> podSpec(Map<String, Object> object) {
    return Trees.map(Trees.map(Trees.map(object, "spec"), "template"), "spec");
  }
}
