package adit.cli.explain;

import adit.l7.Attached;
import adit.l7.Authentication;
import adit.l7.L7Decode;
import adit.l7.RateLimit;
import adit.l7.RequestPolicy;
import adit.l7.Route;
import adit.l7.RouteTable;
import adit.l7.TrafficPolicy;
import adit.l7.WaypointConfig;
import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.Policy;
import adit.model.Service;
import adit.model.Workload;
import adit.protos.security.Authorization;
import adit.xds.TypeUrls;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// What the control plane tells proxies, read as they read it.
///
/// @param traffic how traffic to services is sent
/// @param configs of waypoints
/// @param invalid what proxies refuse, a line each
record Told(
    MeshView mesh,
    RouteTable routes,
    Attached<RequestPolicy> policies,
    Attached<Authentication> authentications,
    Attached<RateLimit> limits,
    List<TrafficPolicy> traffic,
    List<WaypointConfig> configs,
    List<String> invalid) {
  Told {
    configs = List.copyOf(configs);
    traffic = List.copyOf(traffic);
    invalid = List.copyOf(invalid);
  }

  /// @param mesh page `/debug/ambientz`
  /// @param l7 page `/debug/l7z`
  /// @throws IOException it is something else
  static Told of(JsonNode mesh, JsonNode l7) throws IOException {
    List<String> invalid = new ArrayList<>();
    List<Workload> workloads =
        all(
            mesh.path("workloads"),
            adit.protos.workload.Workload::newBuilder,
            Decode::workload,
            invalid);
    List<Service> services =
        all(
            mesh.path("services"),
            adit.protos.workload.Service::newBuilder,
            Decode::service,
            invalid);
    List<Policy> policies =
        all(mesh.path("policies"), Authorization::newBuilder, Decode::authorization, invalid);
    MeshView view =
        MeshView.empty()
            .with(MeshChange.ofAddresses(workloads, services, List.of()))
            .with(MeshChange.ofPolicies(policies, List.of()));
    return told(view, l7, invalid);
  }

  private static Told told(MeshView view, JsonNode l7, List<String> invalid) throws IOException {
    List<Route> routes =
        all(l7.path(TypeUrls.ROUTE), adit.protos.l7.Route::newBuilder, L7Decode::route, invalid);
    List<RequestPolicy> requestPolicies =
        all(
            l7.path(TypeUrls.REQUEST_POLICY),
            adit.protos.l7.RequestPolicy::newBuilder,
            Told::policy,
            invalid);
    List<Authentication> authentications =
        all(
            l7.path(TypeUrls.AUTHENTICATION),
            adit.protos.l7.Authentication::newBuilder,
            L7Decode::authentication,
            invalid);
    List<RateLimit> limits =
        all(
            l7.path(TypeUrls.RATE_LIMIT),
            adit.protos.l7.RateLimit::newBuilder,
            L7Decode::rateLimit,
            invalid);
    List<TrafficPolicy> traffic =
        all(
            l7.path(TypeUrls.TRAFFIC_POLICY),
            adit.protos.l7.TrafficPolicy::newBuilder,
            L7Decode::trafficPolicy,
            invalid);
    List<WaypointConfig> configs =
        all(
            l7.path(TypeUrls.WAYPOINT_CONFIG),
            adit.protos.l7.WaypointConfig::newBuilder,
            L7Decode::waypoint,
            invalid);
    return new Told(
        view,
        RouteTable.EMPTY.with(routes, List.of()),
        Attached.none(RequestPolicy::key, RequestPolicy::targets).with(requestPolicies, List.of()),
        Attached.none(Authentication::key, Authentication::targets)
            .with(authentications, List.of()),
        Attached.none(RateLimit::key, RateLimit::targets).with(limits, List.of()),
        traffic,
        configs,
        invalid);
  }

  /// As at a waypoint: where a policy that cannot be read is attached, nothing passes.
  private static RequestPolicy policy(adit.protos.l7.RequestPolicy wire) throws InvalidResource {
    try {
      return L7Decode.requestPolicy(wire);
    } catch (InvalidResource _) {
      return L7Decode.refusal(wire);
    }
  }

  private interface Reading<W, T> {
    T read(W wire) throws InvalidResource;
  }

  private interface Building {
    Message.Builder builder();
  }

  // A builder builds what it is the builder of.
  @SuppressWarnings("unchecked")
  private static <W extends Message, T> List<T> all(
      JsonNode list, Building building, Reading<W, T> reading, List<String> invalid)
      throws IOException {
    List<T> found = new ArrayList<>();
    for (JsonNode one : list) {
      Message.Builder builder = building.builder();
      try {
        JsonFormat.parser().ignoringUnknownFields().merge(one.toString(), builder);
        found.add(reading.read((W) builder.build()));
      } catch (InvalidProtocolBufferException e) {
        throw new IOException("the control plane's page: " + e.getMessage(), e);
      } catch (InvalidResource e) {
        invalid.add(String.valueOf(e.getMessage()));
      }
    }
    return found;
  }
}
