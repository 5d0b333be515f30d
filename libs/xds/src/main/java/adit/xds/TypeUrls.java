package adit.xds;

import java.util.List;

/// The resource types that programs exchange.
public final class TypeUrls {
  /// `istio.workload.Address`: workloads and services.
  public static final String ADDRESS = "type.googleapis.com/istio.workload.Address";

  /// `istio.security.Authorization`: policies.
  public static final String AUTHORIZATION = "type.googleapis.com/istio.security.Authorization";

  private static final String L7_PACKAGE = "type.googleapis.com/adit.l7.";

  /// `adit.l7.WaypointConfig`.
  public static final String WAYPOINT_CONFIG = L7_PACKAGE + "WaypointConfig";

  /// `adit.l7.RequestPolicy`.
  public static final String REQUEST_POLICY = L7_PACKAGE + "RequestPolicy";

  /// `adit.l7.Authentication`.
  public static final String AUTHENTICATION = L7_PACKAGE + "Authentication";

  /// `adit.l7.RateLimit`.
  public static final String RATE_LIMIT = L7_PACKAGE + "RateLimit";

  /// `adit.l7.TrafficPolicy`.
  public static final String TRAFFIC_POLICY = L7_PACKAGE + "TrafficPolicy";

  /// `adit.l7.WorkloadLabels`.
  public static final String WORKLOAD_LABELS = L7_PACKAGE + "WorkloadLabels";

  /// `adit.l7.Route`.
  public static final String ROUTE = L7_PACKAGE + "Route";

  /// `adit.l7.TelemetryPolicy`.
  public static final String TELEMETRY_POLICY = L7_PACKAGE + "TelemetryPolicy";

  /// What waypoints subscribe to besides the mesh, in the order in which it is pushed: what
  /// protects comes before what is protected.
  public static final List<String> L7 =
      List.of(
          WAYPOINT_CONFIG,
          REQUEST_POLICY,
          AUTHENTICATION,
          RATE_LIMIT,
          TRAFFIC_POLICY,
          WORKLOAD_LABELS,
          ROUTE,
          TELEMETRY_POLICY);

  /// What routes refer to: what is gone of it is removed after the routes have changed.
  static final List<String> REFERRED = List.of(TRAFFIC_POLICY, WORKLOAD_LABELS);

  private TypeUrls() {}
}
