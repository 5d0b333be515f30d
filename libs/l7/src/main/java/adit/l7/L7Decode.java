package adit.l7;

import adit.model.InvalidResource;

/// Messages of the wire as checked records. What breaks the contract is refused with the resource's
/// name, field, value and what was expected; nothing is dropped in silence, because dropping a
/// condition widens a match.
public final class L7Decode {
  private L7Decode() {}

  /// A route.
  public static Route route(adit.protos.l7.Route wire) throws InvalidResource {
    return DecodeRoute.route(wire);
  }

  /// Labels of a workload.
  public static WorkloadLabels labels(adit.protos.l7.WorkloadLabels wire) throws InvalidResource {
    Checked checked = new Checked("labels of " + wire.getWorkload());
    return new WorkloadLabels(
        checked.notEmpty("workload", wire.getWorkload()), wire.getLabelsMap());
  }

  /// How traffic to a service is sent.
  public static TrafficPolicy trafficPolicy(adit.protos.l7.TrafficPolicy wire)
      throws InvalidResource {
    return new DecodeTraffic(
            new Checked("TrafficPolicy " + wire.getNamespace() + "/" + wire.getName()))
        .policy(wire);
  }

  /// Who may send what.
  public static RequestPolicy requestPolicy(adit.protos.l7.RequestPolicy wire)
      throws InvalidResource {
    return new DecodePolicy(
            new Checked("RequestPolicy " + wire.getNamespace() + "/" + wire.getName()))
        .policy(wire);
  }

  /// What to put in the place of a policy that cannot be read and has no predecessor: its targets
  /// are known, so nothing is let through there. The policy's name says why.
  public static RequestPolicy refusal(adit.protos.l7.RequestPolicy wire) throws InvalidResource {
    Checked checked = new Checked("RequestPolicy " + wire.getNamespace() + "/" + wire.getName());
    return new RequestPolicy(
        wire.getNamespace(),
        wire.getName(),
        checked.targets(wire.getTargetsList()),
        RequestPolicy.Action.DENY,
        "",
        false,
        java.util.List.of(
            new RequestPolicy.Rule(java.util.List.of(), java.util.List.of(), java.util.List.of())));
  }

  /// Which tokens are believed.
  public static Authentication authentication(adit.protos.l7.Authentication wire)
      throws InvalidResource {
    return DecodeSettings.authentication(wire);
  }

  /// How many requests.
  public static RateLimit rateLimit(adit.protos.l7.RateLimit wire) throws InvalidResource {
    return DecodeSettings.rateLimit(wire);
  }

  /// What is told.
  public static TelemetryPolicy telemetry(adit.protos.l7.TelemetryPolicy wire)
      throws InvalidResource {
    return DecodeTelemetry.policy(wire);
  }

  /// What holds for a whole waypoint.
  public static WaypointConfig waypoint(adit.protos.l7.WaypointConfig wire) throws InvalidResource {
    return DecodeSettings.waypoint(wire);
  }
}
