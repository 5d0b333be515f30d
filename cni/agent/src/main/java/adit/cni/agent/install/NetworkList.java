package adit.cni.agent.install;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// Network configurations (CNI specification, section 1): what is in them besides the plugin's
/// entry is kept as it is, in its order. Pure.
final class NetworkList {
  private static final String PLUGINS = "plugins";
  private static final String TYPE = "type";
  private static final String NAME = "name";
  private static final String VERSION = "cniVersion";

  /// What the reference calls a network that has no name.
  private static final String UNNAMED = "k8s-pod-network";

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private NetworkList() {}

  /// Reads a configuration or a list of configurations; null when a runtime could do nothing with
  /// it, for example because somebody is just writing it.
  static @Nullable ObjectNode parseOrNull(String text) {
    try {
      if (!(JSON.readTree(text) instanceof ObjectNode document)) {
        return null;
      }
      boolean list = document.path(PLUGINS).isArray() && !document.path(PLUGINS).isEmpty();
      return list || !document.path(TYPE).asText().isEmpty() ? document : null;
    } catch (JsonProcessingException e) {
      // The caller says which file it was.
      return null;
    }
  }

  /// The list with the entry as its last.
  ///
  /// @param document a configuration, which becomes a list, or a list
  static ObjectNode chained(ObjectNode document, ObjectNode entry) {
    ObjectNode list = asList(document);
    list.set(PLUGINS, others(list).add(entry));
    return list;
  }

  /// A configuration with the entry alone.
  static ObjectNode alone(ObjectNode entry) {
    return object().put(VERSION, "0.3.1").put(NAME, "istio-cni").setAll(entry);
  }

  /// Whether an entry of ours is there.
  static boolean hasEntry(ObjectNode document) {
    return isOurs(document) || others(document).size() < document.path(PLUGINS).size();
  }

  /// The list without entries of ours, or null when nothing else is in it.
  static @Nullable ObjectNode withoutEntry(ObjectNode document) {
    ArrayNode others = others(document);
    if (others.isEmpty()) {
      return null;
    }
    ObjectNode list = document.deepCopy();
    list.set(PLUGINS, others);
    return list;
  }

  static String text(ObjectNode document) {
    return document.toPrettyString() + "\n";
  }

  /// A single configuration keeps its keys but for those that belong to the list.
  private static ObjectNode asList(ObjectNode document) {
    if (document.path(PLUGINS).isArray()) {
      return document.deepCopy();
    }
    ObjectNode plugin = document.deepCopy();
    JsonNode name = plugin.remove(NAME);
    JsonNode version = plugin.remove(VERSION);
    ObjectNode list = object();
    list.put(VERSION, version == null ? "0.3.1" : version.asText());
    list.put(NAME, name == null || name.asText().isEmpty() ? UNNAMED : name.asText());
    list.putArray(PLUGINS).add(plugin);
    return list;
  }

  private static ArrayNode others(ObjectNode list) {
    ArrayNode others = JsonNodeFactory.instance.arrayNode();
    for (JsonNode plugin : list.path(PLUGINS)) {
      if (!isOurs(plugin)) {
        others.add(plugin.deepCopy());
      }
    }
    return others;
  }

  private static boolean isOurs(JsonNode plugin) {
    return plugin.path(TYPE).asText().equals(InstallPlugin.NAME);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
