package adit.source.object;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/// An object that says how requests are treated: a route, a policy of layer 7, the mesh's
/// configuration. Its `spec` is kept as it is written; who translates it reads it, and was asked
/// whether it is good when it came.
///
/// @param meta the metadata
/// @param kind the kind
/// @param spec not to be changed; missing if there is none. Of a ConfigMap: the text of its key
///   `mesh`
public record Configuration(ObjectMeta meta, Kind kind, JsonNode spec) implements KubeObject {
  /// Older ones win; [Instant#EPOCH] if unknown.
  public Instant created() {
    return meta.creation();
  }
}
