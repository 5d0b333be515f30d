package adit.xds;

import java.util.Map;

/// All resources of all types at one moment. Immutable.
///
/// @param version grows with each snapshot; for `system_version_info`
/// @param types type url to resources by name; the maps must not change after publishing
public record Snapshot(long version, Map<String, Map<String, ResourceVersion>> types) {
  public Snapshot {
    types = Map.copyOf(types);
  }

  /// The resources of a type.
  public Map<String, ResourceVersion> of(String typeUrl) {
    return types.getOrDefault(typeUrl, Map.of());
  }
}
