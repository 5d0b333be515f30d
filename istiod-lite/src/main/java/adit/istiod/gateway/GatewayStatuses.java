package adit.istiod.gateway;

import adit.source.ClusterView;
import adit.source.StatusWriter.Condition;
import adit.source.object.EndpointSlice;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.Service;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the owners of waypoints are told. Pure.
///
/// A waypoint is `Programmed`, and has an address at all, when its service is there and something
/// behind it is ready: until then whoever is bound to it is not sent to it.
///
/// @param gateways which are ours
public record GatewayStatuses(MeshGateways gateways) {
  private static final String HBONE = "HBONE";
  private static final int HBONE_PORT = 15_008;

  /// Why what belongs to a gateway could not be made.
  ///
  /// @param reason of condition `Accepted`
  /// @param message a sentence
  public record Failure(String reason, String message) {}

  /// Where a gateway is reached.
  ///
  /// @param problem why it is not, empty if all is well
  private record Reach(List<Gateway.Address> addresses, String problem) {}

  /// The statuses of all gateways that are ours.
  ///
  /// @param failures of those of which something could not be made
  public Map<ObjectKey, GatewayStatus> of(ClusterView view, Map<ObjectKey, Failure> failures) {
    List<Gateway> ours = gateways.of(view);
    if (ours.isEmpty()) {
      return Map.of();
    }
    Set<ObjectKey> ready = ready(view, ours);
    Map<ObjectKey, GatewayStatus> statuses = new HashMap<>();
    for (Gateway gateway : ours) {
      statuses.put(
          gateway.key(), status(gateway, reach(view, gateway, ready), failures.get(gateway.key())));
    }
    return statuses;
  }

  /// Those of the gateways' services behind which something is ready.
  private Set<ObjectKey> ready(ClusterView view, List<Gateway> ours) {
    Set<ObjectKey> wanted = new HashSet<>();
    ours.forEach(gateway -> wanted.add(gateways.serviceOf(gateway)));
    Set<ObjectKey> ready = new HashSet<>();
    for (EndpointSlice slice : view.endpointSlices().values()) {
      ObjectKey service = ObjectKey.of(Kind.SERVICE, slice.meta().namespace(), slice.serviceName());
      if (wanted.contains(service)
          && slice.endpoints().stream().anyMatch(EndpointSlice.Endpoint::ready)) {
        ready.add(service);
      }
    }
    return ready;
  }

  private Reach reach(ClusterView view, Gateway gateway, Set<ObjectKey> ready) {
    ObjectKey key = gateways.serviceOf(gateway);
    String hostname = gateways.hostname(key);
    Service service = view.services().get(key);
    if (service == null) {
      return new Reach(List.of(), "hostname \"" + hostname + "\" not found");
    }
    if (service.ports().stream().noneMatch(port -> port.number() == HBONE_PORT)) {
      return new Reach(
          List.of(), "port " + HBONE_PORT + " not found for hostname \"" + hostname + "\"");
    }
    if (!ready.contains(key)) {
      return new Reach(
          List.of(), "no instances found for hostname \"" + hostname + "\" that are ready");
    }
    List<Gateway.Address> addresses = new ArrayList<>();
    service.clusterAddresses().forEach(ip -> addresses.add(new Gateway.Address("IPAddress", ip)));
    addresses.add(new Gateway.Address("Hostname", hostname));
    return new Reach(addresses, "");
  }

  private GatewayStatus status(Gateway gateway, Reach reach, @Nullable Failure failure) {
    long generation = gateway.meta().generation();
    List<GatewayStatus.Listener> listeners = new ArrayList<>();
    List<String> invalid = new ArrayList<>();
    for (Gateway.Listener listener : gateway.listeners()) {
      boolean good = isHbone(listener) || isInbound(gateway, listener);
      if (!good) {
        invalid.add(listener.name());
      }
      listeners.add(listener(listener, good, generation));
    }
    boolean some = invalid.size() < gateway.listeners().size();
    Condition accepted =
        failure != null
            ? new Condition("Accepted", false, failure.reason(), failure.message(), generation)
            : invalid.isEmpty()
                ? new Condition("Accepted", true, "Accepted", "Resource accepted", generation)
                : new Condition(
                    "Accepted",
                    some,
                    "ListenersNotValid",
                    "Invalid listeners: " + String.join(", ", invalid),
                    generation);
    return new GatewayStatus(
        List.of(accepted, programmed(gateway, reach, generation)), reach.addresses(), listeners);
  }

  private Condition programmed(Gateway gateway, Reach reach, long generation) {
    if (!reach.problem().isEmpty()) {
      String reason = gateway.requested().isEmpty() ? "AddressNotAssigned" : "AddressNotUsable";
      return new Condition("Programmed", false, reason, reach.problem(), generation);
    }
    return new Condition(
        "Programmed",
        true,
        "Programmed",
        "Resource programmed, assigned to service(s) "
            + gateways.hostname(gateways.serviceOf(gateway))
            + ":"
            + HBONE_PORT,
        generation);
  }

  private static boolean isHbone(Gateway.Listener listener) {
    return listener.protocol().equals(HBONE) && listener.port() == HBONE_PORT;
  }

  /// A waypoint between node proxies has a listener that the tunnel's content enters by.
  private static boolean isInbound(Gateway gateway, Gateway.Listener listener) {
    Waypoint.Inbound inbound = Waypoints.inboundOrNull(gateway.meta());
    return inbound != null && Waypoints.isEnteredBy(listener, inbound);
  }

  private static GatewayStatus.Listener listener(
      Gateway.Listener listener, boolean good, long generation) {
    Condition accepted =
        good
            ? new Condition("Accepted", true, "Accepted", "No errors found", generation)
            : new Condition(
                "Accepted",
                false,
                "UnsupportedProtocol",
                "Expected a single listener on port 15008 with protocol \"HBONE\"",
                generation);
    return new GatewayStatus.Listener(
        listener.name(),
        List.of(),
        0,
        List.of(
            accepted,
            good
                ? new Condition("Programmed", true, "Programmed", "No errors found", generation)
                : new Condition(
                    "Programmed", false, "Invalid", "The listener is not accepted", generation),
            new Condition("Conflicted", false, "NoConflicts", "No errors found", generation),
            new Condition("ResolvedRefs", true, "ResolvedRefs", "No errors found", generation)));
  }
}
