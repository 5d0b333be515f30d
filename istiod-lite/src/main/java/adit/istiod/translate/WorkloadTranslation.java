package adit.istiod.translate;

import adit.istiod.gateway.Bindings;
import adit.istiod.gateway.Waypoint;
import adit.protos.workload.Locality;
import adit.protos.workload.NetworkMode;
import adit.protos.workload.Port;
import adit.protos.workload.PortList;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import adit.protos.workload.WorkloadStatus;
import adit.protos.workload.WorkloadType;
import adit.source.object.Container;
import adit.source.object.EndpointSlice;
import adit.source.object.Node;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import adit.source.object.Pod;
import adit.source.object.PortRef;
import adit.source.object.Service;
import adit.source.object.ServiceEntry;
import adit.source.object.WorkloadEntry;
import com.google.protobuf.ByteString;
import com.google.protobuf.UInt32Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Everything that can be dialled as `istio.workload.Workload`.
record WorkloadTranslation(MeshSettings mesh, String network) {
  private static final String REDIRECTION = "ambient.istio.io/redirection";
  private static final String TUNNEL = "networking.istio.io/tunnel";

  /// What a pod's workload is made of. Two equal inputs give the same workload.
  ///
  /// @param waypoint for traffic to its own address
  /// @param inbound how it is entered if it is a waypoint itself
  record PodInput(
      Pod pod,
      @Nullable Node node,
      List<Service> services,
      List<ServiceEntry> entries,
      List<String> policies,
      @Nullable Waypoint waypoint,
      Waypoint.@Nullable Inbound inbound) {}

  /// Null: the pod is over, or has no address yet.
  @Nullable Workload podOrNull(PodInput input) {
    Pod pod = input.pod();
    String phase = pod.status().phase();
    if (phase.equals("Succeeded") || phase.equals("Failed")) {
      return null;
    }
    List<ByteString> addresses = new ArrayList<>();
    for (String text : pod.status().addresses()) {
      ByteString ip = Bytes.ipOrNull(text);
      if (ip == null) {
        return null;
      }
      addresses.add(ip);
    }
    if (addresses.isEmpty()) {
      return null;
    }
    Workload.Builder wire =
        common(
                new Names(mesh).pod(pod.key()),
                pod.meta(),
                WorkloadNames.ofPod(pod.meta()),
                pod.spec().serviceAccount())
            .addAllAddresses(addresses)
            .setWorkloadType(WorkloadType.POD)
            .setNode(pod.spec().nodeName())
            .setStatus(
                pod.status().ready() && pod.meta().deletion() == null
                    ? WorkloadStatus.HEALTHY
                    : WorkloadStatus.UNHEALTHY)
            .setNetworkMode(
                pod.spec().hostNetwork() ? NetworkMode.HOST_NETWORK : NetworkMode.STANDARD)
            .addAllAuthorizationPolicies(input.policies());
    tunnel(wire, pod.meta(), pod.meta().labels());
    locality(wire, input.node());
    waypoint(wire, input.waypoint());
    if (input.inbound() != null) {
      wire.setApplicationTunnel(WaypointWire.tunnel(input.inbound()));
    }
    for (Service service : input.services()) {
      wire.putServices(
          new Names(mesh).service(service.key()), ports(service, port -> podPort(pod, port)));
    }
    for (ServiceEntry entry : input.entries()) {
      entryPorts(wire, entry, Map.of());
    }
    return wire.build();
  }

  private Workload.Builder common(
      String uid, ObjectMeta meta, WorkloadNames names, String serviceAccount) {
    return Workload.newBuilder()
        .setUid(uid)
        .setName(meta.name())
        .setNamespace(meta.namespace())
        .setNetwork(network)
        .setClusterId(mesh.clusterId())
        .setTrustDomain(mesh.trustDomainOnTheWire())
        .setServiceAccount(serviceAccount)
        .setWorkloadName(names.workload())
        .setCanonicalName(names.canonical())
        .setCanonicalRevision(names.revision());
  }

  private static void waypoint(Workload.Builder wire, @Nullable Waypoint waypoint) {
    if (waypoint != null) {
      wire.setWaypoint(WaypointWire.address(waypoint));
    }
  }

  private static void tunnel(Workload.Builder wire, ObjectMeta meta, Map<String, String> labels) {
    if (meta.annotation(REDIRECTION).equals("enabled")) {
      wire.setTunnelProtocol(TunnelProtocol.HBONE);
    }
    if (Arrays.asList(labels.getOrDefault(TUNNEL, "").split(",", -1)).contains("http")) {
      wire.setTunnelProtocol(TunnelProtocol.HBONE).setNativeTunnel(true);
    }
  }

  private static void locality(Workload.Builder wire, @Nullable Node node) {
    if (node == null) {
      return;
    }
    Locality locality =
        Locality.newBuilder()
            .setRegion(node.meta().label("topology.kubernetes.io/region"))
            .setZone(node.meta().label("topology.kubernetes.io/zone"))
            .setSubzone(node.meta().label("topology.istio.io/subzone"))
            .build();
    if (!locality.equals(Locality.getDefaultInstance())) {
      wire.setLocality(locality);
    }
  }

  private interface TargetPort {
    /// 0: the workload has no such port.
    int of(Service.Port port);
  }

  private static PortList ports(Service service, TargetPort target) {
    PortList.Builder list = PortList.newBuilder();
    for (Service.Port port : TcpFirst.of(service)) {
      int number = target.of(port);
      if (number > 0) {
        list.addPorts(
            Port.newBuilder().setServicePort(port.number()).setTargetPort(number).build());
      }
    }
    return list.build();
  }

  private static int podPort(Pod pod, Service.Port port) {
    return switch (port.target()) {
      case PortRef.Numbered(int number) -> number;
      case PortRef.Named(String name) -> {
        int found = containerPort(pod.spec().containers(), name);
        List<Container> sidecars =
            pod.spec().initContainers().stream().filter(Container::restartAlways).toList();
        yield found > 0 ? found : containerPort(sidecars, name);
      }
    };
  }

  private static int containerPort(List<Container> containers, String name) {
    for (Container container : containers) {
      for (Container.Port port : container.ports()) {
        if (port.name().equals(name) && port.protocol().equals("TCP")) {
          return port.number();
        }
      }
    }
    return 0;
  }

  private static PortList ports(ServiceEntry entry, Map<String, Integer> own) {
    PortList.Builder list = PortList.newBuilder();
    for (ServiceEntry.Port port : entry.ports()) {
      int target = port.targetPort() == 0 ? port.number() : port.targetPort();
      list.addPorts(
          Port.newBuilder()
              .setServicePort(port.number())
              .setTargetPort(own.getOrDefault(port.name(), target)));
    }
    return list.build();
  }

  private static void entryPorts(
      Workload.Builder wire, ServiceEntry entry, Map<String, Integer> own) {
    PortList ports = ports(entry, own);
    for (String host : entry.hosts()) {
      wire.putServices(entry.meta().namespace() + "/" + host, ports);
    }
  }

  /// A workload that is not a pod.
  Workload workloadEntry(
      WorkloadEntry entry,
      List<Service> services,
      List<ServiceEntry> entries,
      List<String> policies,
      @Nullable Waypoint waypoint) {
    WorkloadEntry.Endpoint endpoint = entry.endpoint();
    String group = entry.meta().annotation("istio.io/autoRegistrationGroup");
    Workload.Builder wire =
        common(
                new Names(mesh).workloadEntry(entry.key()),
                entry.meta(),
                WorkloadNames.of(labels(entry), group.isEmpty() ? entry.meta().name() : group),
                endpoint.serviceAccount())
            .addAllAuthorizationPolicies(policies);
    endpoint(wire, endpoint);
    tunnel(wire, entry.meta(), labels(entry));
    waypoint(wire, waypoint);
    for (Service service : services) {
      wire.putServices(
          new Names(mesh).service(service.key()), ports(service, port -> own(endpoint, port)));
    }
    entries.forEach(one -> entryPorts(wire, one, endpoint.ports()));
    return wire.build();
  }

  static Map<String, String> labels(WorkloadEntry entry) {
    Map<String, String> labels = new HashMap<>(entry.endpoint().labels());
    labels.putAll(entry.meta().labels());
    return labels;
  }

  private static int own(WorkloadEntry.Endpoint endpoint, Service.Port port) {
    int byName = endpoint.ports().getOrDefault(port.name(), 0);
    return switch (port.target()) {
      case PortRef.Named(String name) -> endpoint.ports().getOrDefault(name, byName);
      case PortRef.Numbered(int number) -> byName > 0 ? byName : number;
    };
  }

  private void endpoint(Workload.Builder wire, WorkloadEntry.Endpoint endpoint) {
    ByteString ip = Bytes.ipOrNull(endpoint.address());
    if (ip == null) {
      wire.setHostname(endpoint.address());
    } else {
      wire.addAddresses(ip);
    }
    if (!endpoint.network().isEmpty()) {
      wire.setNetwork(endpoint.network());
    }
    if (endpoint.weight() > 0) {
      wire.setCapacity(UInt32Value.of(endpoint.weight()));
    }
    String[] locality = endpoint.locality().split("/", 3);
    if (!endpoint.locality().isEmpty()) {
      wire.setLocality(
          Locality.newBuilder()
              .setRegion(locality[0])
              .setZone(locality.length > 1 ? locality[1] : "")
              .setSubzone(locality.length > 2 ? locality[2] : ""));
    }
  }

  /// The endpoints that a ServiceEntry writes inline, or its hosts themselves if DNS finds them.
  List<Workload> inline(ServiceEntry entry, List<String> policies, Bindings bindings) {
    List<Workload> workloads = new ArrayList<>();
    for (WorkloadEntry.Endpoint endpoint : entry.endpoints()) {
      if (endpoint.address().startsWith("unix:")) {
        continue; // a socket on a sidecar's own machine: nothing that a node's proxy can dial
      }
      Workload.Builder wire = inline(entry, endpoint.address(), endpoint.serviceAccount());
      endpoint(wire, endpoint);
      entryPorts(wire, entry, endpoint.ports());
      waypoint(wire, bindings.ofInline(entry.meta(), endpoint.labels()).waypoint());
      workloads.add(wire.addAllAuthorizationPolicies(policies).build());
    }
    boolean byDns =
        switch (entry.resolution()) {
          case DNS, DNS_ROUND_ROBIN, DYNAMIC_DNS -> true;
          case NONE, STATIC -> false;
        };
    if (byDns && entry.endpoints().isEmpty() && entry.workloadSelector() == null) {
      for (String host : entry.hosts()) {
        Workload.Builder wire = inline(entry, host, "").setHostname(host);
        wire.putServices(entry.meta().namespace() + "/" + host, ports(entry, Map.of()));
        waypoint(wire, bindings.ofInline(entry.meta(), Map.of()).waypoint());
        workloads.add(wire.addAllAuthorizationPolicies(policies).build());
      }
    }
    return workloads;
  }

  private Workload.Builder inline(ServiceEntry entry, String address, String serviceAccount) {
    Workload.Builder wire =
        common(
            new Names(mesh).inlineEndpoint(entry.key(), address),
            entry.meta(),
            WorkloadNames.of(entry.meta().labels(), entry.meta().name()),
            serviceAccount);
    tunnel(wire, entry.meta(), entry.meta().labels());
    return wire;
  }

  /// The endpoints of a slice that are no pods, e.g. of the API server.
  ///
  /// @param service the service that the slice belongs to
  List<Workload> slice(EndpointSlice slice, Service service) {
    List<Workload> workloads = new ArrayList<>();
    if (slice.addressType().equals("FQDN")) {
      return workloads;
    }
    ObjectKey key = slice.key();
    for (EndpointSlice.Endpoint endpoint : slice.endpoints()) {
      EndpointSlice.Target target = endpoint.target();
      if (target != null && target.kind().equals("Pod")) {
        continue;
      }
      for (String address : endpoint.addresses()) {
        ByteString ip = Bytes.ipOrNull(address);
        if (ip != null) {
          workloads.add(
              Workload.newBuilder()
                  .setUid(new Names(mesh).sliceEndpoint(key, address))
                  .setName(slice.meta().name())
                  .setNamespace(slice.meta().namespace())
                  .setNetwork(network)
                  .setClusterId(mesh.clusterId())
                  .setTrustDomain(mesh.trustDomainOnTheWire())
                  .addAddresses(ip)
                  .setNetworkMode(NetworkMode.HOST_NETWORK)
                  .setStatus(endpoint.ready() ? WorkloadStatus.HEALTHY : WorkloadStatus.UNHEALTHY)
                  .putServices(new Names(mesh).service(service.key()), slicePorts(slice, service))
                  .build());
        }
      }
    }
    return workloads;
  }

  private static PortList slicePorts(EndpointSlice slice, Service service) {
    return ports(
        service,
        port ->
            slice.ports().stream()
                .filter(one -> one.name().equals(port.name()))
                .filter(one -> one.protocol().equals("TCP") && port.protocol().equals("TCP"))
                .mapToInt(EndpointSlice.Port::number)
                .findFirst()
                .orElse(0));
  }
}
