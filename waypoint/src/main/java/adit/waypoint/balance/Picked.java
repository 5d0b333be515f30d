package adit.waypoint.balance;

import adit.model.balance.Choice;
import java.util.Locale;

/// The outcome of choosing an endpoint.
public sealed interface Picked {
  /// This one.
  record One(Choice.Endpoint endpoint, EndpointLoad load) implements Picked {
    /// What a client brings back to come to this endpoint again. Says nothing about the mesh.
    public String token() {
      return String.format(
          Locale.ROOT, "%016x", Hash.of(endpoint.workload().uid() + ":" + endpoint.targetPort()));
    }
  }

  /// None.
  ///
  /// @param seen what there is instead
  record None(String seen) implements Picked {}
}
