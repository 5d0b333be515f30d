package adit.istiod.gateway;

import org.jspecify.annotations.Nullable;

/// What an object asked of waypoints, and what it got.
///
/// @param wanted `namespace/name` of the waypoint that is asked for, empty if none is
/// @param waypoint where its traffic goes first; null: none, traffic goes straight to the object
/// @param failure why not, null if nothing is wrong
/// @param canary a second waypoint for a share of the traffic, null if none
/// @param canaryFailure why there is no canary, empty if nothing is wrong
public record Binding(
    String wanted,
    @Nullable Waypoint waypoint,
    @Nullable Failure failure,
    @Nullable Canary canary,
    String canaryFailure) {
  /// Nothing was asked for.
  public static final Binding NONE = new Binding("", null, null, null, "");

  static Binding to(Waypoint waypoint) {
    return new Binding(waypoint.name(), waypoint, null, null, "");
  }

  static Binding failed(String wanted, String reason, String message) {
    return new Binding(wanted, null, new Failure(reason, message), null, "");
  }

  Binding with(@Nullable Canary second, String secondFailure) {
    return new Binding(wanted, waypoint, failure, second, secondFailure);
  }

  /// Why an object is not bound.
  ///
  /// @param reason one CamelCase word of the condition
  /// @param message a sentence
  public record Failure(String reason, String message) {}

  /// A second waypoint.
  ///
  /// @param weight per cent of the connections, `0..100`
  public record Canary(Waypoint waypoint, int weight) {}
}
