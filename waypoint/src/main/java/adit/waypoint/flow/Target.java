package adit.waypoint.flow;

import adit.l7.Backend;
import adit.l7.Rule;
import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Settings;
import adit.model.NamespacedHostname;
import adit.model.Service;
import adit.model.Workload;
import adit.waypoint.balance.Endpoints;
import adit.waypoint.route.Reached;
import adit.waypoint.view.Snapshot;
import org.jspecify.annotations.Nullable;

/// Where the attempts of a request go.
sealed interface Target {
  /// To one of the endpoints of a group.
  record OfService(Service service, Endpoints.Group group) implements Target {
    /// How its traffic is sent.
    Settings settings(Snapshot snapshot) {
      TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
      return policy == null ? Settings.NONE : policy.effective(group.subset(), group.port());
    }
  }

  /// To the workload that was dialled.
  record OfWorkload(Workload workload, int port) implements Target {}

  /// Nowhere.
  ///
  /// @param reply for the client
  /// @param failure for the log, or empty
  record Nowhere(Reply reply, String failure) implements Target {}

  /// @param rule null: where the client wanted to go itself
  /// @param backend null with a rule: it has none
  static Target of(
      Snapshot snapshot, Arrival arrival, @Nullable Rule rule, @Nullable Backend backend) {
    if (rule == null) {
      return switch (arrival.reached()) {
        case Reached.OfService(var service, var port, _) ->
            new OfService(service, new Endpoints.Group(service.key(), port, ""));
        case Reached.OfWorkload(var workload, var port, _) -> new OfWorkload(workload, port);
        case Reached.Nothing _ -> throw new IllegalStateException("nothing was reached");
      };
    }
    return backend == null
        ? new Nowhere(new Reply(500, "", "-", "no_backend"), "")
        : of(snapshot, arrival, backend);
  }

  private static Target of(Snapshot snapshot, Arrival arrival, Backend backend) {
    return switch (backend.target()) {
      case Backend.Target.Invalid(var reason, var message) -> unknown(reason + ": " + message);
      case Backend.Target.To(var key, var port, var subset) -> {
        Service service = snapshot.mesh().service(key);
        yield service == null
            ? unknown("service " + key + " is not known")
            : of(service, key, Ports.chosen(service, port, arrival.port()), subset);
      }
    };
  }

  private static Target of(Service service, NamespacedHostname key, int port, String subset) {
    return new OfService(service, new Endpoints.Group(key, port, subset));
  }

  private static Target unknown(String failure) {
    return new Nowhere(new Reply(500, "", "NC", "cluster_not_found"), failure);
  }
}
