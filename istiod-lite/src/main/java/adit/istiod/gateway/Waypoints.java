package adit.istiod.gateway;

import adit.model.GatewayAddress;
import adit.model.NamespacedHostname;
import adit.model.NetworkAddress;
import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.GatewayClass;
import adit.source.object.IpRange;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The gateways of a view that can be waypoints: those that have an address, of whatever class.
/// Immutable.
public final class Waypoints {
  /// The label of a gateway's pods that names it.
  public static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";

  private static final String FOR = "istio.io/waypoint-for";
  private static final String BINDING = "ambient.istio.io/waypoint-inbound-binding";
  private static final String PROXY_PROTOCOL = "istio.io/PROXY";
  private static final String HBONE = "HBONE";
  private static final int HBONE_PORT = 15_008;

  private final Map<ObjectKey, Waypoint> byKey = new HashMap<>();

  /// @param network the cluster's own, empty if it has no name
  public Waypoints(ClusterView view, String network) {
    for (Gateway gateway : view.gateways().values()) {
      GatewayAddress address = addressOrNull(gateway, network);
      if (address != null) {
        GatewayClass ofClass =
            view.gatewayClasses().get(ObjectKey.of(Kind.GATEWAY_CLASS, "", gateway.className()));
        byKey.put(gateway.key(), waypoint(gateway, ofClass, address));
      }
    }
  }

  /// The waypoint of this name, or null if there is none or it has no address yet.
  public @Nullable Waypoint findOrNull(String namespace, String name) {
    return byKey.get(ObjectKey.of(Kind.GATEWAY, namespace, name));
  }

  /// All of them.
  public Collection<Waypoint> all() {
    return Collections.unmodifiableCollection(byKey.values());
  }

  /// The waypoint that a pod is an instance of, or null.
  public @Nullable Waypoint ofInstanceOrNull(ObjectMeta pod) {
    String name = pod.label(GATEWAY_NAME);
    return name.isEmpty() ? null : findOrNull(pod.namespace(), name);
  }

  private static Waypoint waypoint(
      Gateway gateway, @Nullable GatewayClass ofClass, GatewayAddress address) {
    String traffic = first(gateway.meta().label(FOR), ofClass == null ? "" : label(ofClass));
    String binding =
        first(
            gateway.meta().annotation(BINDING),
            ofClass == null ? "" : ofClass.meta().annotation(BINDING));
    Waypoint.Inbound inbound = inboundOrNull(binding);
    return new Waypoint(
        gateway.key(),
        gateway.className(),
        address,
        traffic.isEmpty() ? Waypoint.Traffic.SERVICE : Waypoint.Traffic.of(traffic),
        allowed(gateway.listeners(), inbound),
        inbound);
  }

  static Waypoint.@Nullable Inbound inboundOrNull(ObjectMeta gateway) {
    return inboundOrNull(gateway.annotation(BINDING));
  }

  private static Waypoint.@Nullable Inbound inboundOrNull(String binding) {
    return binding.isEmpty() ? null : Waypoint.Inbound.parseOrNull(binding);
  }

  private static String label(GatewayClass ofClass) {
    return ofClass.meta().label(FOR);
  }

  private static String first(String own, String inherited) {
    return own.isEmpty() ? inherited : own;
  }

  /// A name is preferred: the node proxies balance over what stands behind it.
  private static @Nullable GatewayAddress addressOrNull(Gateway gateway, String network) {
    for (Gateway.Address address : gateway.addresses()) {
      if (address.type().equals("Hostname") && !address.value().isEmpty()) {
        return new GatewayAddress.ByHostname(
            new NamespacedHostname(gateway.meta().namespace(), address.value()), HBONE_PORT);
      }
    }
    for (Gateway.Address address : gateway.addresses()) {
      InetAddress ip = IpRange.addressOrNull(address.value());
      if (ip != null) {
        return new GatewayAddress.ByAddress(new NetworkAddress(network, ip), HBONE_PORT);
      }
    }
    return null;
  }

  private static Gateway.Allowed allowed(
      List<Gateway.Listener> listeners, Waypoint.@Nullable Inbound inbound) {
    for (Gateway.Listener listener : listeners) {
      if (inbound != null && isEnteredBy(listener, inbound)) {
        return listener.allowed();
      }
    }
    for (Gateway.Listener listener : listeners) {
      if (listener.protocol().equals(HBONE) && listener.port() == HBONE_PORT) {
        return listener.allowed();
      }
    }
    return Gateway.Allowed.SAME;
  }

  static boolean isEnteredBy(Gateway.Listener listener, Waypoint.Inbound inbound) {
    return inbound.port() > 0
        ? listener.port() == inbound.port()
        : inbound.proxy() && listener.protocol().equals(PROXY_PROTOCOL);
  }
}
