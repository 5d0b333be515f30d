package adit.cli.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/// Objects as they are written in YAML.
final class Trees {
  private Trees() {}

  /// The documents of a text.
  static List<Map<String, Object>> documents(String yaml) {
    List<Map<String, Object>> documents = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(yaml)) {
      if (document instanceof Map<?, ?> map) {
        documents.add(copy(map));
      }
    }
    return documents;
  }

  /// The same as text.
  static String text(Map<String, Object> document) {
    return new Yaml().dump(document);
  }

  private static Map<String, Object> copy(Map<?, ?> map) {
    Map<String, Object> copy = new LinkedHashMap<>();
    map.forEach((key, value) -> copy.put(String.valueOf(key), value));
    return copy;
  }

  static String kind(Map<?, ?> object) {
    return String.valueOf(object.get("kind"));
  }

  static String name(Map<?, ?> object) {
    return String.valueOf(map(object, "metadata").get("name"));
  }

  /// Kind and name, as in messages.
  static String reference(Map<?, ?> object) {
    return kind(object) + " " + name(object);
  }

  /// A field that is a map; an empty one where there is none.
  static Map<Object, Object> map(Map<?, ?> in, String field) {
    return map(in.get(field));
  }

  static Map<Object, Object> map(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      @SuppressWarnings("unchecked")
      Map<Object, Object> same = (Map<Object, Object>) map;
      return same;
    }
    return new LinkedHashMap<>();
  }

  /// A field that is a list; an empty one where there is none.
  static List<Object> list(Map<?, ?> in, String field) {
    if (in.get(field) instanceof List<?> list) {
      @SuppressWarnings("unchecked")
      List<Object> same = (List<Object>) list;
      return same;
    }
    return new ArrayList<>();
  }
}
