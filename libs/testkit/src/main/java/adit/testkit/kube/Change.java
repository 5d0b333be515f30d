package adit.testkit.kube;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// What became of a write.
///
/// @param answer the object as it is now, or a `Status`
record Change(int status, ObjectNode answer) {
  static Change failed(int status, String reason) {
    return new Change(
        status,
        JsonNodeFactory.instance
            .objectNode()
            .put("apiVersion", "v1")
            .put("kind", "Status")
            .put("status", "Failure")
            .put("reason", reason)
            .put("message", reason)
            .put("code", status));
  }
}
