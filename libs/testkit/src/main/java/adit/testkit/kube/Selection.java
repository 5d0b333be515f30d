package adit.testkit.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/// Which objects a list or a watch is about.
///
/// @param namespace empty for all
/// @param field of the field selector, as a JSON pointer; empty for none
/// @param value that the field must have
/// @param labels of the label selector, each `key=value`
record Selection(String namespace, String field, String value, List<String> labels) {
  static Selection of(String namespace, Map<String, String> query) {
    String fields = query.getOrDefault("fieldSelector", "");
    int equals = fields.indexOf('=');
    String selector = query.getOrDefault("labelSelector", "");
    List<String> labels = selector.isEmpty() ? List.of() : List.of(selector.split(",", -1));
    return equals < 0
        ? new Selection(namespace, "", "", labels)
        : new Selection(
            namespace,
            "/" + fields.substring(0, equals).replace('.', '/'),
            fields.substring(equals + 1),
            labels);
  }

  boolean holds(JsonNode object) {
    return (namespace.isEmpty()
            || namespace.equals(object.path("metadata").path("namespace").asText()))
        && (field.isEmpty() || value.equals(object.at(field).asText()))
        && labels.stream().allMatch(label -> has(object, label));
  }

  private static boolean has(JsonNode object, String label) {
    int equals = label.indexOf('=');
    JsonNode labels = object.path("metadata").path("labels");
    return equals < 0
        ? labels.has(label)
        : label.substring(equals + 1).equals(labels.path(label.substring(0, equals)).asText());
  }
}
