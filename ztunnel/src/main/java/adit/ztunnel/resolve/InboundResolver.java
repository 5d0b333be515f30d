package adit.ztunnel.resolve;

import adit.hbone.Authority;
import adit.model.GatewayAddress;
import adit.model.IpText;
import adit.model.MeshView;
import adit.model.NetworkAddress;
import adit.model.PortMap;
import adit.model.Service;
import adit.model.Workload;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/// Decides where a CONNECT request leads: always to the local workload's own address, at a port
/// that the authority gives. Pure.
///
/// @param network this node's
public record InboundResolver(String network, MeshPorts ports) {
  private static final int BAD_REQUEST = 400;
  private static final int UNAVAILABLE = 503;

  /// @param local the workload whose listener this is
  /// @param here the address that the client has dialled
  /// @param meant host name of the service that the client says it meant; for telemetry only
  public InboundRoute resolve(
      MeshView view,
      Workload local,
      Authority authority,
      InetAddress here,
      @Nullable String meant) {
    return switch (authority) {
      case Authority.Address(InetAddress ip, int port) ->
          byAddress(view, local, ip, port, here, meant);
      case Authority.Hostname(String host, int port) -> byName(view, local, host, port, here);
    };
  }

  private InboundRoute byAddress(
      MeshView view,
      Workload local,
      InetAddress ip,
      int port,
      InetAddress here,
      @Nullable String meant) {
    boolean mine = ip.equals(here) || local.reach().applicationTunnel() != null;
    if (!mine && !isWaypointFor(view, local, ip, here)) {
      return new InboundRoute.Rejected(
          BAD_REQUEST, "ip mismatch: " + IpText.of(here) + " != " + IpText.of(ip));
    }
    Service service = meant == null ? null : view.serviceByHostname(meant, local.namespace());
    return upstream(local, port, here, service, new InetSocketAddress(ip, port));
  }

  private InboundRoute byName(
      MeshView view, Workload local, String host, int port, InetAddress here) {
    Service service = view.serviceByHostname(host, local.namespace());
    if (service == null) {
      return new InboundRoute.Rejected(UNAVAILABLE, "unknown service: " + host);
    }
    PortMap own = local.services().getOrDefault(service.key(), PortMap.EMPTY);
    int target = own.target(port) > 0 ? own.target(port) : service.ports().target(port);
    Workload.ApplicationTunnel tunnel = local.reach().applicationTunnel();
    if (target == 0 && (tunnel == null || tunnel.port() == 0)) {
      return new InboundRoute.Rejected(
          UNAVAILABLE, "no port " + port + " of " + host + " at " + local.uid());
    }
    if (tunnel == null || !tunnel.proxyProtocol()) {
      return upstream(local, target, here, service, null);
    }
    InetAddress vip = vipOrNull(service);
    return vip == null
        ? new InboundRoute.Rejected(UNAVAILABLE, "no address of " + host + " to announce")
        : upstream(local, target, here, service, new InetSocketAddress(vip, port));
  }

  /// The service's address for a PROXY header: this network's before others, IPv4 before IPv6.
  private @Nullable InetAddress vipOrNull(Service service) {
    return service.vips().stream()
        .min(
            Comparator.comparing((NetworkAddress vip) -> !vip.network().equals(network))
                .thenComparing(vip -> !(vip.ip() instanceof Inet4Address)))
        .map(NetworkAddress::ip)
        .orElse(null);
  }

  /// @param asked for a PROXY header: what the client wanted to reach
  private InboundRoute upstream(
      Workload local,
      int port,
      InetAddress here,
      @Nullable Service service,
      @Nullable InetSocketAddress asked) {
    Workload.ApplicationTunnel tunnel = local.reach().applicationTunnel();
    int target = tunnel != null && tunnel.port() > 0 ? tunnel.port() : port;
    if (ports.isOwn(target)) {
      return new InboundRoute.Rejected(
          UNAVAILABLE, "self call: port " + target + " is the proxy's own");
    }
    boolean announces = tunnel != null && tunnel.proxyProtocol();
    return new InboundRoute.Upstream(
        new InetSocketAddress(here, target), service, announces ? asked : null);
  }

  /// Whether the authority is something that this workload is the waypoint of.
  private boolean isWaypointFor(MeshView view, Workload local, InetAddress ip, InetAddress here) {
    var address = new NetworkAddress(network, ip);
    Workload workload = view.workloadByIp(address);
    if (workload != null) {
      return isMe(view, local, here, workload.reach().waypoint());
    }
    Service service = view.serviceByVip(address, local.namespace());
    if (service == null) {
      return false;
    }
    return isMe(view, local, here, service.waypoints().single())
        || service.waypoints().weighted().stream()
            .anyMatch(weighted -> isMe(view, local, here, weighted.destination()));
  }

  private boolean isMe(
      MeshView view, Workload local, InetAddress here, @Nullable GatewayAddress waypoint) {
    return switch (waypoint) {
      case null -> false;
      case GatewayAddress.ByAddress(NetworkAddress address, int _) ->
          address.ip().equals(here) || backs(local, view.serviceByVip(address, local.namespace()));
      case GatewayAddress.ByHostname(var hostname, int _) -> backs(local, view.service(hostname));
    };
  }

  private static boolean backs(Workload local, @Nullable Service service) {
    return service != null && local.services().containsKey(service.key());
  }
}
