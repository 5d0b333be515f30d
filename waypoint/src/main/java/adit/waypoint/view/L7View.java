package adit.waypoint.view;

import adit.l7.Attached;
import adit.l7.Authentication;
import adit.l7.RateLimit;
import adit.l7.RequestAuthorizer;
import adit.l7.RequestPolicy;
import adit.l7.RouteTable;
import adit.l7.TelemetryPolicy;
import adit.l7.Telling;
import adit.l7.TrafficPolicy;
import adit.l7.WaypointConfig;
import adit.l7.WorkloadLabels;
import adit.model.NamespacedHostname;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/// The L7 resources. Immutable, but for what is worked out once and kept.
///
/// @param traffic by resource name
/// @param labels by workload
/// @param config null until it was said
public record L7View(
    Gateway gateway,
    RouteTable routes,
    Attached<RequestPolicy> policies,
    Attached<Authentication> authentications,
    Attached<RateLimit> limits,
    Attached<TelemetryPolicy> telemetry,
    PMap<String, TrafficPolicy> traffic,
    PMap<String, WorkloadLabels> labels,
    @Nullable WaypointConfig config,
    Kept kept) {

  /// Which waypoint this is.
  ///
  /// @param key `namespace/name`
  public record Gateway(String key, String gatewayClass) {
    /// Its namespace.
    public String namespace() {
      return key.substring(0, key.indexOf('/'));
    }
  }

  /// What follows from the resources, worked out when it is first asked for.
  public static final class Kept {
    private final Map<Optional<NamespacedHostname>, RequestAuthorizer> authorizers =
        new ConcurrentHashMap<>();
    private final Map<Optional<NamespacedHostname>, List<Authentication>> authentications =
        new ConcurrentHashMap<>();
    private final Map<Optional<NamespacedHostname>, List<RateLimit>> limits =
        new ConcurrentHashMap<>();
    private final Map<NamespacedHostname, Optional<TrafficPolicy>> traffic =
        new ConcurrentHashMap<>();
    private final Map<Optional<NamespacedHostname>, Telling> telling = new ConcurrentHashMap<>();
    private final Telling common;

    Kept(@Nullable WaypointConfig config) {
      common = Telling.of(config, List.of());
    }
  }

  /// Nothing said.
  public static L7View empty(Gateway gateway) {
    return new L7View(
        gateway,
        RouteTable.EMPTY,
        Attached.none(RequestPolicy::key, RequestPolicy::targets),
        Attached.none(Authentication::key, Authentication::targets),
        Attached.none(RateLimit::key, RateLimit::targets),
        Attached.none(TelemetryPolicy::key, TelemetryPolicy::targets),
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        null,
        new Kept(null));
  }

  /// Decides about requests to a service; null: to a workload itself.
  public RequestAuthorizer authorizer(@Nullable NamespacedHostname service) {
    return kept.authorizers.computeIfAbsent(
        Optional.ofNullable(service),
        _ -> new RequestAuthorizer(policies.at(service, gateway.key, gateway.gatewayClass)));
  }

  /// Which tokens are believed for a service.
  public List<Authentication> authentications(@Nullable NamespacedHostname service) {
    return kept.authentications.computeIfAbsent(
        Optional.ofNullable(service),
        _ -> authentications.at(service, gateway.key, gateway.gatewayClass));
  }

  /// How much a service takes.
  public List<RateLimit> limits(@Nullable NamespacedHostname service) {
    return kept.limits.computeIfAbsent(
        Optional.ofNullable(service), _ -> limits.at(service, gateway.key, gateway.gatewayClass));
  }

  /// What is told about the traffic to a service.
  public Telling telling(@Nullable NamespacedHostname service) {
    return telemetry.isEmpty()
        ? kept.common
        : kept.telling.computeIfAbsent(
            Optional.ofNullable(service),
            _ -> Telling.of(config, TellingOrder.of(telemetry, service, gateway, config)));
  }

  /// How traffic to a service is sent, or null: the waypoint's own namespace is asked first, then
  /// the service's, then all others; the oldest counts.
  public @Nullable TrafficPolicy trafficOrNull(NamespacedHostname service) {
    if (traffic.isEmpty()) {
      return null;
    }
    return kept.traffic
        .computeIfAbsent(
            service,
            key ->
                traffic.values().stream()
                    .filter(one -> one.services().contains(key))
                    .min(
                        Comparator.comparingInt((TrafficPolicy one) -> distance(one, key))
                            .thenComparing(TrafficPolicy::created)
                            .thenComparing(TrafficPolicy::name)))
        .orElse(null);
  }

  private int distance(TrafficPolicy policy, NamespacedHostname service) {
    return policy.namespace().equals(gateway.namespace())
        ? 0
        : policy.namespace().equals(service.namespace()) ? 1 : 2;
  }

  /// This view with other routes.
  public L7View withRoutes(RouteTable next) {
    return copy(next, policies, authentications, limits, telemetry, traffic, labels, config);
  }

  /// This view with other policies.
  public L7View withPolicies(Attached<RequestPolicy> next) {
    return copy(routes, next, authentications, limits, telemetry, traffic, labels, config);
  }

  /// This view with other authentications.
  public L7View withAuthentications(Attached<Authentication> next) {
    return copy(routes, policies, next, limits, telemetry, traffic, labels, config);
  }

  /// This view with other limits.
  public L7View withLimits(Attached<RateLimit> next) {
    return copy(routes, policies, authentications, next, telemetry, traffic, labels, config);
  }

  /// This view with other telemetry.
  public L7View withTelemetry(Attached<TelemetryPolicy> next) {
    return copy(routes, policies, authentications, limits, next, traffic, labels, config);
  }

  /// This view after a change of traffic policies.
  public L7View withTraffic(Map<String, TrafficPolicy> changed, Collection<String> removed) {
    return copy(
        routes,
        policies,
        authentications,
        limits,
        telemetry,
        traffic.minusAll(removed).plusAll(changed),
        labels,
        config);
  }

  /// This view after a change of labels.
  public L7View withLabels(Map<String, WorkloadLabels> changed, Collection<String> removed) {
    return copy(
        routes,
        policies,
        authentications,
        limits,
        telemetry,
        traffic,
        labels.minusAll(removed).plusAll(changed),
        config);
  }

  /// This view with other settings.
  public L7View withConfig(@Nullable WaypointConfig next) {
    return copy(routes, policies, authentications, limits, telemetry, traffic, labels, next);
  }

  private L7View copy(
      RouteTable otherRoutes,
      Attached<RequestPolicy> otherPolicies,
      Attached<Authentication> otherAuthentications,
      Attached<RateLimit> otherLimits,
      Attached<TelemetryPolicy> otherTelemetry,
      PMap<String, TrafficPolicy> otherTraffic,
      PMap<String, WorkloadLabels> otherLabels,
      @Nullable WaypointConfig otherConfig) {
    return new L7View(
        gateway,
        otherRoutes,
        otherPolicies,
        otherAuthentications,
        otherLimits,
        otherTelemetry,
        otherTraffic,
        otherLabels,
        otherConfig,
        new Kept(otherConfig));
  }
}
