package adit.waypoint.balance;

import adit.model.balance.Choice;

/// The outcome of choosing an endpoint.
public sealed interface Picked {
  /// This one.
  record One(Choice.Endpoint endpoint, EndpointLoad load) implements Picked {}

  /// None.
  ///
  /// @param seen what there is instead
  record None(String seen) implements Picked {}
}
