package adit.istiod.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Kubernetes' strategic merge patch, for the kinds that are made for gateways: objects are merged,
/// null removes, lists are replaced unless their elements have a key. `$patch: replace` and
/// `$patch: delete` do what they say.
final class StrategicMerge {
  private static final String DIRECTIVE = "$patch";

  // Source: `patchMergeKey` in the API's Go types. Of two keys the first that an element has.
  private static final Map<String, List<String>> KEYS =
      Map.of(
          "containers", List.of("name"),
          "initContainers", List.of("name"),
          "env", List.of("name"),
          "volumes", List.of("name"),
          "imagePullSecrets", List.of("name"),
          "ports", List.of("containerPort", "port"),
          "volumeMounts", List.of("mountPath"),
          "hostAliases", List.of("ip"),
          "topologySpreadConstraints", List.of("topologyKey"));

  private StrategicMerge() {}

  /// Changes `target` as `patch` says.
  static void apply(ObjectNode target, JsonNode patch) {
    if (patch.path(DIRECTIVE).asText().equals("replace")) {
      target.removeAll();
    }
    for (Map.Entry<String, JsonNode> field : patch.properties()) {
      String name = field.getKey();
      JsonNode value = field.getValue();
      if (name.equals(DIRECTIVE)) {
        continue;
      }
      if (value.isNull() || value.path(DIRECTIVE).asText().equals("delete")) {
        target.remove(name);
      } else if (value.isObject()) {
        apply(
            target.path(name) instanceof ObjectNode there ? there : target.putObject(name), value);
      } else if (value instanceof ArrayNode list && KEYS.containsKey(name)) {
        merge(
            target.path(name) instanceof ArrayNode there ? there : target.putArray(name),
            list,
            KEYS.getOrDefault(name, List.of()));
      } else {
        target.set(name, value.deepCopy());
      }
    }
  }

  private static void merge(ArrayNode target, ArrayNode patch, List<String> keys) {
    boolean replace = false;
    for (JsonNode element : patch) {
      replace |= element.size() == 1 && element.path(DIRECTIVE).asText().equals("replace");
    }
    if (replace) {
      target.removeAll();
    }
    for (JsonNode element : patch) {
      if (element.size() == 1 && element.has(DIRECTIVE)) {
        continue;
      }
      int at = find(target, element, keys);
      if (element.path(DIRECTIVE).asText().equals("delete")) {
        if (at >= 0) {
          target.remove(at);
        }
      } else if (at >= 0 && target.get(at) instanceof ObjectNode there) {
        apply(there, element);
      } else if (element.isObject()) {
        apply(target.addObject(), element);
      } else {
        target.add(element.deepCopy());
      }
    }
  }

  /// -1: there is no such element.
  private static int find(ArrayNode target, JsonNode element, List<String> keys) {
    String key = keyOrNull(element, keys);
    for (int i = 0; key != null && i < target.size(); i++) {
      if (target.get(i).path(key).equals(element.path(key))) {
        return i;
      }
    }
    return -1;
  }

  private static @Nullable String keyOrNull(JsonNode element, List<String> keys) {
    return keys.stream().filter(element::has).findFirst().orElse(null);
  }
}
