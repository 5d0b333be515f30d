package adit.waypoint.view;

import adit.l7.L7Decode;
import adit.l7.RequestPolicy;
import adit.l7.TrafficPolicy;
import adit.l7.WaypointConfig;
import adit.l7.WorkloadLabels;
import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.MeshChange;
import adit.model.Service;
import adit.model.Workload;
import adit.protos.workload.Address;
import adit.xds.Named;
import adit.xds.Rejection;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
import adit.xds.Update;
import com.google.protobuf.Parser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Resources of the control plane onto the board. A resource that is wrong is refused alone; what
/// is right in the same response is applied, as one change.
///
/// Runs on the board's owner thread.
public final class Discovery {
  private final Board board;

  public Discovery(Board board) {
    this.board = board;
  }

  /// In the order in which they are asked for: policies before what they protect.
  public List<Subscription<?>> subscriptions() {
    return List.of(
        Subscription.of(TypeUrls.ADDRESS, Address.parser(), this::addresses),
        of(
            TypeUrls.WAYPOINT_CONFIG,
            adit.protos.l7.WaypointConfig.parser(),
            L7Decode::waypoint,
            this::config),
        Subscription.of(
            TypeUrls.REQUEST_POLICY, adit.protos.l7.RequestPolicy.parser(), this::policies),
        of(
            TypeUrls.AUTHENTICATION,
            adit.protos.l7.Authentication.parser(),
            L7Decode::authentication,
            (named, removed) ->
                board.apply(l7 ->
                    l7.withAuthentications(l7.authentications().with(named.values(), removed)))),
        of(
            TypeUrls.RATE_LIMIT,
            adit.protos.l7.RateLimit.parser(),
            L7Decode::rateLimit,
            (named, removed) ->
                board.apply(l7 -> l7.withLimits(l7.limits().with(named.values(), removed)))),
        of(
            TypeUrls.TRAFFIC_POLICY,
            adit.protos.l7.TrafficPolicy.parser(),
            L7Decode::trafficPolicy,
            (Map<String, TrafficPolicy> named, List<String> removed) ->
                board.apply(l7 -> l7.withTraffic(named, removed))),
        of(
            TypeUrls.WORKLOAD_LABELS,
            adit.protos.l7.WorkloadLabels.parser(),
            L7Decode::labels,
            (Map<String, WorkloadLabels> named, List<String> removed) ->
                board.apply(l7 -> l7.withLabels(named, removed))),
        of(
            TypeUrls.ROUTE,
            adit.protos.l7.Route.parser(),
            L7Decode::route,
            (named, removed) ->
                board.apply(l7 -> l7.withRoutes(l7.routes().with(named.values(), removed)))),
        of(
            TypeUrls.TELEMETRY_POLICY,
            adit.protos.l7.TelemetryPolicy.parser(),
            L7Decode::telemetry,
            (named, removed) ->
                board.apply(l7 -> l7.withTelemetry(l7.telemetry().with(named.values(), removed)))));
  }

  /// From the wire.
  private interface Decoding<W, T> {
    T decode(W wire) throws InvalidResource;
  }

  /// Onto the board.
  private interface Applying<T> {
    void apply(Map<String, T> changed, List<String> removed);
  }

  private static <W, T> Subscription<W> of(
      String type, Parser<W> parser, Decoding<W, T> decoding, Applying<T> applying) {
    return Subscription.of(
        type,
        parser,
        update -> {
          Map<String, T> changed = new HashMap<>();
          List<Rejection> rejections = new ArrayList<>();
          for (Named<W> named : update.changed()) {
            try {
              changed.put(named.name(), decoding.decode(named.resource()));
            } catch (InvalidResource e) {
              rejections.add(new Rejection(named.name(), e.reason()));
            }
          }
          applying.apply(changed, update.removed());
          return rejections;
        });
  }

  List<Rejection> addresses(Update<Address> update) {
    List<Workload> workloads = new ArrayList<>();
    List<Service> services = new ArrayList<>();
    List<Rejection> rejections = new ArrayList<>();
    for (Named<Address> named : update.changed()) {
      try {
        MeshChange one = Decode.address(named.name(), named.resource());
        workloads.addAll(one.workloads());
        services.addAll(one.services());
      } catch (InvalidResource e) {
        rejections.add(new Rejection(named.name(), e.reason()));
      }
    }
    board.apply(MeshChange.ofAddresses(workloads, services, update.removed()));
    return rejections;
  }

  /// A policy that cannot be read keeps its predecessor; without one, nothing passes where it is
  /// attached.
  List<Rejection> policies(Update<adit.protos.l7.RequestPolicy> update) {
    List<RequestPolicy> changed = new ArrayList<>();
    List<Rejection> rejections = new ArrayList<>();
    for (Named<adit.protos.l7.RequestPolicy> named : update.changed()) {
      try {
        changed.add(L7Decode.requestPolicy(named.resource()));
      } catch (InvalidResource e) {
        rejections.add(new Rejection(named.name(), e.reason()));
        if (!board.now().l7().policies().has(named.name())) {
          refuseAtTargets(named, changed);
        }
      }
    }
    board.apply(l7 -> l7.withPolicies(l7.policies().with(changed, update.removed())));
    return rejections;
  }

  private static void refuseAtTargets(
      Named<adit.protos.l7.RequestPolicy> named, List<RequestPolicy> changed) {
    try {
      changed.add(L7Decode.refusal(named.resource()));
    } catch (InvalidResource _) {
      // Where it is attached is what cannot be read; its rejection tells.
    }
  }

  private void config(Map<String, WaypointConfig> changed, List<String> removed) {
    String own = board.now().l7().gateway().key();
    WaypointConfig next = changed.get(own);
    if (next != null) {
      board.apply(l7 -> l7.withConfig(next));
    } else if (removed.contains(own)) {
      board.apply(l7 -> l7.withConfig(null));
    }
  }
}
