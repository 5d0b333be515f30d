package adit.testkit;

import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.protos.workload.NetworkAddress;
import adit.protos.workload.Port;
import adit.protos.workload.PortList;
import adit.protos.workload.Service;
import adit.protos.workload.TunnelProtocol;
import adit.protos.workload.Workload;
import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Map;

/// Wire resources as a control plane makes them for ordinary objects; a test changes what it is
/// about.
public final class WireResources {
  private static final String CLUSTER = "Kubernetes";

  private WireResources() {}

  /// A healthy pod that is in the mesh.
  ///
  /// @param namespace of the pod
  /// @param name of the pod
  /// @param serviceAccount of the pod
  /// @param node that it runs on
  /// @param ips its addresses
  public static Workload.Builder workload(
      String namespace, String name, String serviceAccount, String node, InetAddress... ips) {
    return Workload.newBuilder()
        .setUid(CLUSTER + "//Pod/" + namespace + "/" + name)
        .setName(name)
        .setNamespace(namespace)
        .setServiceAccount(serviceAccount)
        .setNode(node)
        .setClusterId(CLUSTER)
        .setWorkloadName(name)
        .setCanonicalName(name)
        .setTunnelProtocol(TunnelProtocol.HBONE)
        .addAllAddresses(Arrays.stream(ips).map(WireResources::bytes).toList());
  }

  /// A service with one port.
  ///
  /// @param vips its addresses
  public static Service.Builder service(
      String namespace, String name, int port, int targetPort, InetAddress... vips) {
    return Service.newBuilder()
        .setName(name)
        .setNamespace(namespace)
        .setHostname(hostname(namespace, name))
        .addPorts(port(port, targetPort))
        .addAllAddresses(
            Arrays.stream(vips)
                .map(vip -> NetworkAddress.newBuilder().setAddress(bytes(vip)).build())
                .toList());
  }

  /// Makes a workload an endpoint of a service.
  public static Workload.Builder endpointOf(Service.Builder service, Workload.Builder workload) {
    return workload.putAllServices(
        Map.of(
            service.getNamespace() + "/" + service.getHostname(),
            PortList.newBuilder().addAllPorts(service.getPortsList()).build()));
  }

  /// The message that is sent for a workload.
  public static Address address(Workload.Builder workload) {
    return Address.newBuilder().setWorkload(workload).build();
  }

  /// The message that is sent for a service.
  public static Address address(Service.Builder service) {
    return Address.newBuilder().setService(service).build();
  }

  /// Name of an address resource: the workload's uid, or `namespace/hostname` of the service.
  public static String name(Address address) {
    return address.hasWorkload()
        ? address.getWorkload().getUid()
        : address.getService().getNamespace() + "/" + address.getService().getHostname();
  }

  /// Name of a policy resource: `namespace/name`.
  public static String name(Authorization policy) {
    return policy.getNamespace() + "/" + policy.getName();
  }

  private static String hostname(String namespace, String name) {
    return name + "." + namespace + ".svc.cluster.local";
  }

  private static Port port(int port, int targetPort) {
    return Port.newBuilder().setServicePort(port).setTargetPort(targetPort).build();
  }

  private static ByteString bytes(InetAddress address) {
    return ByteString.copyFrom(address.getAddress());
  }
}
