package adit.source.object;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The parts of `metadata` that the mesh reads. `resourceVersion` is left out on purpose: an object
/// of which only that changed is the same object.
///
/// @param namespace empty for cluster-scoped kinds, `default` if a namespaced object names none
/// @param name the name
/// @param uid empty if the object has none (hand-written YAML)
/// @param generation 0 if unknown
/// @param labels never null
/// @param annotations never null
/// @param creation [Instant#EPOCH] if unknown, so that "the oldest wins" stays the same over
///   restarts
/// @param deletion when deletion was asked for, null if it was not
/// @param generateName empty if none
/// @param owners `ownerReferences`
public record ObjectMeta(
    String namespace,
    String name,
    String uid,
    long generation,
    Map<String, String> labels,
    Map<String, String> annotations,
    Instant creation,
    @Nullable Instant deletion,
    String generateName,
    List<Owner> owners) {
  public ObjectMeta {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    owners = List.copyOf(owners);
  }

  /// The value of a label, or the empty string.
  public String label(String name) {
    return labels.getOrDefault(name, "");
  }

  /// The value of an annotation, or the empty string.
  public String annotation(String name) {
    return annotations.getOrDefault(name, "");
  }

  /// One `ownerReferences` entry.
  ///
  /// @param apiVersion e.g. `apps/v1`
  /// @param kind e.g. `ReplicaSet`
  /// @param name the owner's name
  /// @param controller whether it is the managing owner
  public record Owner(String apiVersion, String kind, String name, boolean controller) {}
}
