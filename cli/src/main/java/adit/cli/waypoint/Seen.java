package adit.cli.waypoint;

import java.util.List;

/// A waypoint as it is.
///
/// @param revision empty: none is written
/// @param trafficType the label; `none` when there is none
/// @param conditions the newest that were reported
record Seen(
    String namespace,
    String name,
    String revision,
    String trafficType,
    List<Condition> conditions) {
  Seen {
    conditions = List.copyOf(conditions);
  }

  /// One of `status.conditions`.
  record Condition(String type, String status, String reason, String message) {}

  /// Whether it takes traffic.
  boolean programmed() {
    return programmedText().equals("True");
  }

  /// The status of the condition Programmed, `Missing` when there is none.
  String programmedText() {
    return conditions.stream()
        .filter(condition -> condition.type().equals("Programmed"))
        .map(Condition::status)
        .findFirst()
        .orElse("Missing");
  }
}
