package adit.istiod.l7;

import adit.source.StatusChange;
import adit.source.object.ObjectKey;
import adit.xds.ResourceVersion;
import java.util.List;
import java.util.Map;

/// What waypoints are told, and what the owners of routes and policies are.
///
/// @param types by type url, resources by name
/// @param statuses of routes of the Gateway API
/// @param complaints about other objects
public record L7Resources(
    Map<String, Map<String, ResourceVersion>> types,
    Map<ObjectKey, StatusChange> statuses,
    List<Complaint> complaints) {
  /// Nothing.
  public static final L7Resources NONE = new L7Resources(Map.of(), Map.of(), List.of());

  public L7Resources {
    types = Map.copyOf(types);
    statuses = Map.copyOf(statuses);
    complaints = List.copyOf(complaints);
  }

  /// What is wrong with an object.
  ///
  /// @param about the object
  /// @param generation of it
  /// @param used whether the rest of it is in force
  /// @param reason one CamelCase word
  /// @param message a sentence
  public record Complaint(
      ObjectKey about, long generation, boolean used, String reason, String message) {}
}
