package adit.istiod.translate;

import adit.istiod.gateway.Binding;
import adit.istiod.gateway.BindingCondition;
import adit.istiod.translate.PublishedEntries.Published;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.IPFamilies;
import adit.protos.workload.LoadBalancing;
import adit.protos.workload.LoadBalancing.HealthPolicy;
import adit.protos.workload.LoadBalancing.Mode;
import adit.protos.workload.LoadBalancing.Scope;
import adit.protos.workload.NetworkAddress;
import adit.protos.workload.Port;
import adit.source.object.IpRange;
import adit.source.object.Namespace;
import adit.source.object.ObjectMeta;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Services and ServiceEntries as `istio.workload.Service`.
record ServiceTranslation(MeshSettings mesh, String network) {
  private static final String DISTRIBUTION = "networking.istio.io/traffic-distribution";
  private static final List<Scope> CLOSE = List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE);
  private static final List<Scope> SAME_NODE =
      List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE, Scope.SUBZONE, Scope.NODE);

  adit.protos.workload.Service service(
      Service service, @Nullable Namespace namespace, Binding binding) {
    var wire =
        adit.protos.workload.Service.newBuilder()
            .setName(service.meta().name())
            .setNamespace(service.meta().namespace())
            .setHostname(new Names(mesh).hostname(service.key()))
            .setCanonical(true)
            .setIpFamilies(families(service.ipFamilies()));
    for (String text : service.clusterAddresses()) {
      ByteString ip = Bytes.ipOrNull(text);
      if (ip != null) {
        wire.addAddresses(NetworkAddress.newBuilder().setNetwork(network).setAddress(ip));
      }
    }
    TcpFirst.of(service)
        .forEach(port ->
            wire.addPorts(
                Port.newBuilder()
                    .setServicePort(port.number())
                    .setTargetPort(
                        port.target() instanceof PortRef.Numbered(int number) ? number : 0)
                    .setAppProtocol(appProtocol(port))));
    LoadBalancing balancing = balancingOrNull(service, namespace);
    if (balancing != null) {
      wire.setLoadBalancing(balancing);
    }
    waypoint(wire, binding, service.meta(), namespace);
    return wire.build();
  }

  private static void waypoint(
      adit.protos.workload.Service.Builder wire,
      Binding binding,
      ObjectMeta meta,
      @Nullable Namespace namespace) {
    WaypointWire.put(binding, wire);
    if (BindingCondition.isIngressThroughWaypoint(meta, namespace)) {
      wire.setIngressUseWaypoint(true);
    }
  }

  private static IPFamilies families(List<String> families) {
    if (families.size() == 2) {
      return IPFamilies.DUAL;
    }
    if (families.isEmpty()) {
      return IPFamilies.AUTOMATIC;
    }
    return families.getFirst().equals("IPv6") ? IPFamilies.IPV6_ONLY : IPFamilies.IPV4_ONLY;
  }

  private static AppProtocol appProtocol(Service.Port port) {
    if (!port.protocol().equals("TCP")) {
      return AppProtocol.UNKNOWN;
    }
    AppProtocol byField = appProtocol(port.appProtocol());
    String prefix = port.name().split("-", 2)[0];
    return byField == AppProtocol.UNKNOWN ? appProtocol(prefix) : byField;
  }

  static AppProtocol appProtocol(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "http" -> AppProtocol.HTTP11;
      case "http2", "kubernetes.io/h2c" -> AppProtocol.HTTP2;
      case "grpc" -> AppProtocol.GRPC;
      case "tcp" -> AppProtocol.TCP;
      case "https", "tls" -> AppProtocol.TLS;
      default -> AppProtocol.UNKNOWN;
    };
  }

  private static @Nullable LoadBalancing balancingOrNull(
      Service service, @Nullable Namespace namespace) {
    LoadBalancing.@Nullable Builder balancing;
    List<Scope> scopes = scopes(service.traffic().distribution());
    if (service.traffic().internalPolicy().equals("Local")) {
      balancing = LoadBalancing.newBuilder().setMode(Mode.STRICT).addRoutingPreference(Scope.NODE);
    } else {
      balancing = scopes.isEmpty() ? annotatedOrNull(service.meta(), namespace) : failover(scopes);
    }
    if (service.traffic().publishNotReady()) {
      balancing = balancing == null ? LoadBalancing.newBuilder() : balancing;
      balancing.setHealthPolicy(HealthPolicy.ALLOW_ALL);
    }
    return balancing == null ? null : balancing.build();
  }

  /// As an annotation says: the object's, else its namespace's. An unknown value means any.
  private static LoadBalancing.@Nullable Builder annotatedOrNull(
      ObjectMeta object, @Nullable Namespace namespace) {
    String own = object.annotation(DISTRIBUTION);
    String inherited = namespace == null ? "" : namespace.meta().annotation(DISTRIBUTION);
    List<Scope> scopes = scopes(own.isEmpty() ? inherited : own);
    return scopes.isEmpty() ? null : failover(scopes);
  }

  private static LoadBalancing.Builder failover(List<Scope> scopes) {
    return LoadBalancing.newBuilder().setMode(Mode.FAILOVER).addAllRoutingPreference(scopes);
  }

  private static List<Scope> scopes(String distribution) {
    return switch (distribution.toLowerCase(Locale.ROOT)) {
      case "preferclose", "prefersamezone" -> CLOSE;
      case "prefersamenode" -> SAME_NODE;
      default -> List.of();
    };
  }

  /// One service per host.
  List<adit.protos.workload.Service> entry(
      Published published, @Nullable Namespace namespace, Binding binding) {
    ServiceEntry entry = published.entry();
    List<adit.protos.workload.Service> services = new ArrayList<>();
    for (String host : entry.hosts()) {
      var wire =
          adit.protos.workload.Service.newBuilder()
              .setName(entry.meta().name())
              .setNamespace(entry.meta().namespace())
              .setHostname(host)
              .setCanonical(published.canonical().contains(host))
              .addAllSubjectAltNames(entry.subjectAltNames());
      addresses(entry, host).forEach(wire::addAddresses);
      for (ServiceEntry.Port port : entry.ports()) {
        wire.addPorts(
            Port.newBuilder()
                .setServicePort(port.number())
                .setTargetPort(port.targetPort() == 0 ? port.number() : port.targetPort())
                .setAppProtocol(appProtocol(port.protocol())));
      }
      LoadBalancing.Builder balancing =
          entry.resolution() == ServiceEntry.Resolution.NONE
              ? LoadBalancing.newBuilder()
                  .setMode(Mode.PASSTHROUGH)
                  .setHealthPolicy(HealthPolicy.ALLOW_ALL)
              : annotatedOrNull(entry.meta(), namespace);
      if (balancing != null) {
        wire.setLoadBalancing(balancing);
      }
      waypoint(wire, binding, entry.meta(), namespace);
      services.add(wire.build());
    }
    return services;
  }

  /// Whether addresses that were allocated to the entry count.
  private static boolean allocates(ServiceEntry entry) {
    return entry.resolution() != ServiceEntry.Resolution.NONE
        && !entry
            .meta()
            .label("networking.istio.io/enable-autoallocate-ip")
            .equalsIgnoreCase("false");
  }

  private List<NetworkAddress> addresses(ServiceEntry entry, String host) {
    List<String> texts = entry.addresses();
    if (texts.isEmpty() && allocates(entry)) {
      texts =
          entry.allocated().stream()
              .filter(allocated -> allocated.host().equals(host))
              .map(ServiceEntry.Allocated::address)
              .toList();
    }
    List<NetworkAddress> addresses = new ArrayList<>();
    for (String text : texts) {
      IpRange range = IpRange.parseOrNull(text);
      if (range != null) {
        var address =
            NetworkAddress.newBuilder().setNetwork(network).setAddress(Bytes.of(range.base()));
        addresses.add(
            (text.indexOf('/') < 0 ? address : address.setLength(range.length())).build());
      }
    }
    return addresses;
  }
}
