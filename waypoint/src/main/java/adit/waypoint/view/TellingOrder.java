package adit.waypoint.view;

import adit.l7.Attached;
import adit.l7.Target;
import adit.l7.TelemetryPolicy;
import adit.l7.WaypointConfig;
import adit.model.NamespacedHostname;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which Telemetry objects hold for the traffic to a service, from the widest to the narrowest: the
/// root namespace, the waypoint's, the service's, then what names class, gateway or service.
final class TellingOrder {
  private static final Comparator<TelemetryPolicy> AGE =
      Comparator.comparing(TelemetryPolicy::created).thenComparing(TelemetryPolicy::key);

  private TellingOrder() {}

  /// @param service null: the workload itself
  static List<TelemetryPolicy> of(
      Attached<TelemetryPolicy> telemetry,
      @Nullable NamespacedHostname service,
      L7View.Gateway gateway,
      @Nullable WaypointConfig config) {
    Set<String> namespaces = new LinkedHashSet<>();
    if (config != null) {
      namespaces.add(config.rootNamespace());
    }
    namespaces.add(gateway.namespace());
    if (service != null) {
      namespaces.add(service.namespace());
    }
    List<TelemetryPolicy> order = new ArrayList<>();
    for (String namespace : namespaces) {
      // As in the reference, the oldest one of a namespace counts.
      telemetry.all().stream()
          .filter(one -> one.targets().isEmpty() && one.namespace().equals(namespace))
          .min(AGE)
          .ifPresent(order::add);
    }
    List<TelemetryPolicy> attached =
        new ArrayList<>(telemetry.at(service, gateway.key(), gateway.gatewayClass()));
    attached.sort(
        Comparator.comparingInt((TelemetryPolicy one) -> nearness(one, service, gateway))
            .thenComparing(AGE.reversed()));
    order.addAll(attached);
    return order;
  }

  private static int nearness(
      TelemetryPolicy policy, @Nullable NamespacedHostname service, L7View.Gateway gateway) {
    if (service != null && policy.targets().contains(new Target.OfService(service))) {
      return 2;
    }
    return policy.targets().contains(new Target.OfGateway(gateway.key())) ? 1 : 0;
  }
}
