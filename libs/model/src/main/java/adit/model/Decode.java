package adit.model;

import adit.protos.workload.Address;
import adit.protos.workload.WeightedWaypoint;
import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Resources of the control plane as checked records.
///
/// As strict as the reference: bad address lengths, unknown enums, gateways without a destination
/// and service keys without a slash are refused. Stricter in one point: see {@link DecodePolicy}.
public final class Decode {
  private Decode() {}

  /// A workload or a service.
  ///
  /// @param name resource name, for the error
  public static MeshChange address(String name, Address address) throws InvalidResource {
    return switch (address.getTypeCase()) {
      case WORKLOAD ->
          MeshChange.ofAddresses(List.of(workload(address.getWorkload())), List.of(), List.of());
      case SERVICE ->
          MeshChange.ofAddresses(List.of(), List.of(service(address.getService())), List.of());
      case TYPE_NOT_SET -> throw new InvalidResource(name, "type", "unset", "workload or service");
    };
  }

  /// A policy.
  public static Policy authorization(adit.protos.security.Authorization policy)
      throws InvalidResource {
    return DecodePolicy.policy(policy);
  }

  /// A workload.
  public static Workload workload(adit.protos.workload.Workload wire) throws InvalidResource {
    String uid = wire.getUid();
    if (uid.isEmpty()) {
      throw new InvalidResource(
          "workload " + wire.getNamespace() + "/" + wire.getName(), "uid", "\"\"", "not empty");
    }
    List<InetAddress> addresses = new ArrayList<>(wire.getAddressesCount());
    for (ByteString bytes : wire.getAddressesList()) {
      addresses.add(ip(uid, "addresses", bytes));
    }
    int capacity = wire.hasCapacity() ? wire.getCapacity().getValue() : 1;
    if (capacity < 0) {
      capacity = Integer.MAX_VALUE; // unsigned on the wire
    }
    return new Workload(
        uid,
        wire.getName(),
        identity(uid, wire),
        new Workload.Canonical(
            wire.getWorkloadName(),
            type(uid, wire),
            wire.getCanonicalName(),
            wire.getCanonicalRevision()),
        new Workload.Placement(
            wire.getNetwork(),
            wire.getClusterId().isEmpty() ? "Kubernetes" : wire.getClusterId(),
            wire.getNode(),
            locality(wire)),
        addresses,
        wire.getHostname(),
        reach(uid, wire),
        services(uid, wire),
        wire.getAuthorizationPoliciesList(),
        healthy(uid, wire),
        capacity);
  }

  private static SpiffeId identity(String uid, adit.protos.workload.Workload wire)
      throws InvalidResource {
    try {
      return new SpiffeId(
          wire.getTrustDomain().isEmpty() ? "cluster.local" : wire.getTrustDomain(),
          wire.getNamespace(),
          wire.getServiceAccount().isEmpty() ? "default" : wire.getServiceAccount());
    } catch (IllegalArgumentException e) {
      throw new InvalidResource(
          uid, "identity", String.valueOf(e.getMessage()), "a SPIFFE identity");
    }
  }

  private static String type(String uid, adit.protos.workload.Workload wire)
      throws InvalidResource {
    return switch (wire.getWorkloadType()) {
      case DEPLOYMENT -> "deployment";
      case CRONJOB -> "cronjob";
      case POD -> "pod";
      case JOB -> "job";
      case UNRECOGNIZED -> throw unknown(uid, "workload_type", wire.getWorkloadTypeValue());
    };
  }

  private static Locality locality(adit.protos.workload.Workload wire) {
    if (!wire.hasLocality()) {
      return Locality.UNKNOWN;
    }
    var locality = wire.getLocality();
    return new Locality(locality.getRegion(), locality.getZone(), locality.getSubzone());
  }

  private static boolean healthy(String uid, adit.protos.workload.Workload wire)
      throws InvalidResource {
    return switch (wire.getStatus()) {
      case HEALTHY -> true;
      case UNHEALTHY -> false;
      case UNRECOGNIZED -> throw unknown(uid, "status", wire.getStatusValue());
    };
  }

  private static Workload.Reach reach(String uid, adit.protos.workload.Workload wire)
      throws InvalidResource {
    Workload.TunnelProtocol protocol =
        switch (wire.getTunnelProtocol()) {
          case NONE -> Workload.TunnelProtocol.NONE;
          case HBONE -> Workload.TunnelProtocol.HBONE;
          case LEGACY_ISTIO_MTLS, UNRECOGNIZED ->
              throw unknown(uid, "tunnel_protocol", wire.getTunnelProtocolValue());
        };
    boolean hostNetwork =
        switch (wire.getNetworkMode()) {
          case STANDARD -> false;
          case HOST_NETWORK -> true;
          case UNRECOGNIZED -> throw unknown(uid, "network_mode", wire.getNetworkModeValue());
        };
    return new Workload.Reach(
        protocol,
        hostNetwork,
        wire.getNativeTunnel(),
        wire.hasWaypoint() ? gateway(uid, "waypoint", wire.getWaypoint()) : null,
        wire.hasNetworkGateway() ? gateway(uid, "network_gateway", wire.getNetworkGateway()) : null,
        wire.hasApplicationTunnel() ? applicationTunnel(uid, wire.getApplicationTunnel()) : null);
  }

  private static Workload.ApplicationTunnel applicationTunnel(
      String uid, adit.protos.workload.ApplicationTunnel wire) throws InvalidResource {
    boolean proxy =
        switch (wire.getProtocol()) {
          case NONE -> false;
          case PROXY -> true;
          case UNRECOGNIZED ->
              throw unknown(uid, "application_tunnel.protocol", wire.getProtocolValue());
        };
    return new Workload.ApplicationTunnel(
        proxy, port(uid, "application_tunnel.port", wire.getPort(), 0));
  }

  private static Map<NamespacedHostname, PortMap> services(
      String uid, adit.protos.workload.Workload wire) throws InvalidResource {
    Map<NamespacedHostname, PortMap> services = new HashMap<>();
    for (var entry : wire.getServicesMap().entrySet()) {
      NamespacedHostname key = NamespacedHostname.parseOrNull(entry.getKey());
      if (key == null) {
        throw new InvalidResource(uid, "services", entry.getKey(), "namespace/hostname");
      }
      services.put(key, ports(uid, entry.getValue().getPortsList()));
    }
    return services;
  }

  private static PortMap ports(String name, List<adit.protos.workload.Port> wire)
      throws InvalidResource {
    Map<Integer, Integer> ports = new HashMap<>();
    Map<Integer, AppProtocol> protocols = new HashMap<>();
    for (var port : wire) {
      int number = port(name, "ports.service_port", port.getServicePort(), 1);
      ports.put(number, port(name, "ports.target_port", port.getTargetPort(), 0));
      AppProtocol protocol = protocol(port.getAppProtocol());
      if (protocol != AppProtocol.UNKNOWN) {
        protocols.put(number, protocol);
      }
    }
    return ports.isEmpty() ? PortMap.EMPTY : new PortMap(ports, protocols);
  }

  /// A protocol that is not known (yet) is found out from the bytes.
  private static AppProtocol protocol(adit.protos.workload.AppProtocol wire) {
    return switch (wire) {
      case HTTP11 -> AppProtocol.HTTP11;
      case HTTP2 -> AppProtocol.HTTP2;
      case GRPC -> AppProtocol.GRPC;
      case TCP -> AppProtocol.TCP;
      case TLS -> AppProtocol.TLS;
      case UNKNOWN, UNRECOGNIZED -> AppProtocol.UNKNOWN;
    };
  }

  private static int port(String name, String field, int port, int least) throws InvalidResource {
    if (port < least || port > 0xFFFF) {
      throw new InvalidResource(name, field, Integer.toUnsignedString(port), least + "..65535");
    }
    return port;
  }

  /// A service.
  public static Service service(adit.protos.workload.Service wire) throws InvalidResource {
    String name = wire.getNamespace() + "/" + wire.getHostname();
    NamespacedHostname key = NamespacedHostname.parseOrNull(name);
    if (key == null) {
      throw new InvalidResource("service " + name, "hostname", name, "namespace/hostname");
    }
    List<NetworkAddress> vips = new ArrayList<>();
    List<Service.CidrVip> ranges = new ArrayList<>();
    for (var address : wire.getAddressesList()) {
      InetAddress base = ip(name, "addresses", address.getAddress());
      Cidr cidr = address.hasLength() ? cidr(name, "addresses", base, address.getLength()) : null;
      if (cidr == null || cidr.isSingle()) {
        vips.add(new NetworkAddress(address.getNetwork(), base));
      } else {
        ranges.add(new Service.CidrVip(address.getNetwork(), cidr));
      }
    }
    return new Service(
        wire.getName(),
        key,
        vips,
        ranges,
        ports(name, wire.getPortsList()),
        wire.getSubjectAltNamesList(),
        waypoints(name, wire),
        wire.hasLoadBalancing()
            ? loadBalancing(name, wire.getLoadBalancing())
            : LoadBalancing.DEFAULT,
        families(name, wire),
        wire.getCanonical(),
        wire.getVisibility() == adit.protos.workload.Service.Visibility.NAMESPACE);
  }

  private static Service.Waypoints waypoints(String name, adit.protos.workload.Service wire)
      throws InvalidResource {
    List<Service.Waypoints.Weighted> weighted = new ArrayList<>();
    for (WeightedWaypoint one : wire.getWeightedWaypointsList()) {
      weighted.add(
          new Service.Waypoints.Weighted(
              gateway(name, "weighted_waypoints", one.getDestination()),
              port(name, "weighted_waypoints.weight", one.getWeight(), 0)));
    }
    GatewayAddress single =
        wire.hasWaypoint() ? gateway(name, "waypoint", wire.getWaypoint()) : null;
    return single == null && weighted.isEmpty()
        ? Service.Waypoints.NONE
        : new Service.Waypoints(single, weighted);
  }

  private static Service.IpFamilies families(String name, adit.protos.workload.Service wire)
      throws InvalidResource {
    return switch (wire.getIpFamilies()) {
      case AUTOMATIC -> Service.IpFamilies.AUTOMATIC;
      case IPV4_ONLY -> Service.IpFamilies.IPV4_ONLY;
      case IPV6_ONLY -> Service.IpFamilies.IPV6_ONLY;
      case DUAL -> Service.IpFamilies.DUAL;
      case UNRECOGNIZED -> throw unknown(name, "ip_families", wire.getIpFamiliesValue());
    };
  }

  private static LoadBalancing loadBalancing(String name, adit.protos.workload.LoadBalancing wire)
      throws InvalidResource {
    List<LoadBalancing.Scope> preferences = new ArrayList<>();
    for (int i = 0; i < wire.getRoutingPreferenceCount(); i++) {
      preferences.add(
          switch (wire.getRoutingPreference(i)) {
            case REGION -> LoadBalancing.Scope.REGION;
            case ZONE -> LoadBalancing.Scope.ZONE;
            case SUBZONE -> LoadBalancing.Scope.SUBZONE;
            case NODE -> LoadBalancing.Scope.NODE;
            case CLUSTER -> LoadBalancing.Scope.CLUSTER;
            case NETWORK -> LoadBalancing.Scope.NETWORK;
            case UNSPECIFIED_SCOPE, UNRECOGNIZED ->
                throw unknown(
                    name, "load_balancing.routing_preference", wire.getRoutingPreferenceValue(i));
          });
    }
    LoadBalancing.Mode mode =
        switch (wire.getMode()) {
          case UNSPECIFIED_MODE -> LoadBalancing.Mode.ANY;
          case STRICT -> LoadBalancing.Mode.STRICT;
          case FAILOVER -> LoadBalancing.Mode.FAILOVER;
          case PASSTHROUGH -> LoadBalancing.Mode.PASSTHROUGH;
          case UNRECOGNIZED -> throw unknown(name, "load_balancing.mode", wire.getModeValue());
        };
    LoadBalancing.HealthPolicy health =
        switch (wire.getHealthPolicy()) {
          case ONLY_HEALTHY -> LoadBalancing.HealthPolicy.ONLY_HEALTHY;
          case ALLOW_ALL -> LoadBalancing.HealthPolicy.ALLOW_ALL;
          case UNRECOGNIZED ->
              throw unknown(name, "load_balancing.health_policy", wire.getHealthPolicyValue());
        };
    return new LoadBalancing(preferences, mode, health);
  }

  private static GatewayAddress gateway(
      String name, String field, adit.protos.workload.GatewayAddress wire) throws InvalidResource {
    int port = port(name, field + ".hbone_mtls_port", wire.getHboneMtlsPort(), 0);
    return switch (wire.getDestinationCase()) {
      case HOSTNAME ->
          new GatewayAddress.ByHostname(
              new NamespacedHostname(
                  wire.getHostname().getNamespace(), wire.getHostname().getHostname()),
              port);
      case ADDRESS ->
          new GatewayAddress.ByAddress(
              new NetworkAddress(
                  wire.getAddress().getNetwork(), ip(name, field, wire.getAddress().getAddress())),
              port);
      case DESTINATION_NOT_SET ->
          throw new InvalidResource(name, field + ".destination", "unset", "hostname or address");
    };
  }

  static InetAddress ip(String name, String field, ByteString bytes) throws InvalidResource {
    if (bytes.size() != 4 && bytes.size() != 16) {
      throw new InvalidResource(name, field, bytes.size() + " bytes", "4 or 16 bytes");
    }
    try {
      return InetAddress.getByAddress(bytes.toByteArray());
    } catch (UnknownHostException e) {
      throw new InvalidResource(name, field, bytes.size() + " bytes", "4 or 16 bytes");
    }
  }

  static Cidr cidr(String name, String field, InetAddress base, int length) throws InvalidResource {
    int bits = base.getAddress().length * 8;
    if (length < 0 || length > bits) {
      throw new InvalidResource(
          name, field + ".length", Integer.toUnsignedString(length), "0.." + bits);
    }
    return new Cidr(base, length);
  }

  static InvalidResource unknown(String name, String field, int value) {
    return new InvalidResource(name, field, value, "a value that this version knows");
  }
}
