package adit.testkit.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/// Which objects a list or a watch is about.
///
/// @param namespace empty for all
/// @param field of the field selector, as a JSON pointer; empty for none
/// @param value that the field must have
record Selection(String namespace, String field, String value) {
  static Selection of(String namespace, Map<String, String> query) {
    String fields = query.getOrDefault("fieldSelector", "");
    int equals = fields.indexOf('=');
    return equals < 0
        ? new Selection(namespace, "", "")
        : new Selection(
            namespace,
            "/" + fields.substring(0, equals).replace('.', '/'),
            fields.substring(equals + 1));
  }

  boolean holds(JsonNode object) {
    return (namespace.isEmpty()
            || namespace.equals(object.path("metadata").path("namespace").asText()))
        && (field.isEmpty() || value.equals(object.at(field).asText()));
  }
}
