package adit.cli.local.plan;

import static adit.cli.local.plan.YamlTree.map;

import adit.source.object.Container;
import adit.source.object.ObjectKey;
import adit.source.object.PortRef;
import adit.source.object.Service;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the kubelet and the controllers would write to the API server, as YAML.
public final class Manifests {
  private Manifests() {}

  /// A Node.
  ///
  /// @param name its name
  /// @param addresses its addresses towards other nodes
  /// @param podRanges ranges of its pods' addresses
  public static String node(String name, List<InetAddress> addresses, List<String> podRanges) {
    List<Object> internal = new ArrayList<>();
    for (InetAddress address : addresses) {
      internal.add(map("type", "InternalIP", "address", address.getHostAddress()));
    }
    return YamlTree.text(
        map(
            "apiVersion", "v1",
            "kind", "Node",
            "metadata", map("name", name, "labels", map("kubernetes.io/hostname", name)),
            "spec", map("podCIDR", podRanges.getFirst(), "podCIDRs", podRanges),
            "status",
                map(
                    "addresses",
                    internal,
                    "conditions",
                    List.of(map("type", "Ready", "status", "True")))));
  }

  /// A Namespace that the user has not written.
  public static String namespace(String name) {
    return YamlTree.text(
        map("apiVersion", "v1", "kind", "Namespace", "metadata", map("name", name)));
  }

  /// A ServiceAccount that Kubernetes makes by itself.
  public static String serviceAccount(String namespace, String name) {
    return YamlTree.text(
        map(
            "apiVersion",
            "v1",
            "kind",
            "ServiceAccount",
            "metadata",
            map("name", name, "namespace", namespace)));
  }

  /// The choice of address for a service, as a patch onto the user's object.
  public static String serviceAddress(ObjectKey service, List<InetAddress> addresses) {
    List<String> texts = addresses.stream().map(InetAddress::getHostAddress).toList();
    return YamlTree.text(
        map(
            "apiVersion",
            "v1",
            "kind",
            "Service",
            "metadata",
            map("name", service.name(), "namespace", service.namespace()),
            "spec",
            map("clusterIP", texts.getFirst(), "clusterIPs", texts)));
  }

  /// A Service that the user has not written, with its addresses.
  public static String service(Service service, List<InetAddress> addresses) {
    List<String> texts = addresses.stream().map(InetAddress::getHostAddress).toList();
    List<Object> ports = new ArrayList<>();
    for (Service.Port port : service.ports()) {
      ports.add(
          map(
              "name", port.name(),
              "port", port.number(),
              "targetPort", port(port.target()),
              "protocol", port.protocol(),
              "appProtocol", port.appProtocol().isEmpty() ? null : port.appProtocol()));
    }
    return YamlTree.text(
        map(
            "apiVersion",
            "v1",
            "kind",
            "Service",
            "metadata",
            map(
                "name",
                service.meta().name(),
                "namespace",
                service.meta().namespace(),
                "labels",
                new TreeMap<>(service.meta().labels()),
                "annotations",
                new TreeMap<>(service.meta().annotations())),
            "spec",
            map(
                "type",
                service.type(),
                "clusterIP",
                texts.getFirst(),
                "clusterIPs",
                texts,
                "ipFamilies",
                service.ipFamilies(),
                "ports",
                ports,
                "selector",
                new TreeMap<>(service.selector()))));
  }

  /// A Pod with its status.
  ///
  /// @param hostAddress address of its node
  public static String pod(PodFacts pod, InetAddress hostAddress) {
    return YamlTree.text(
        map(
            "apiVersion", "v1",
            "kind", "Pod",
            "metadata", podMeta(pod),
            "spec",
                map(
                    "nodeName", pod.spec().nodeName(),
                    "serviceAccountName", pod.spec().serviceAccount(),
                    "hostNetwork", pod.spec().hostNetwork() ? true : null,
                    "terminationGracePeriodSeconds", pod.spec().terminationGracePeriodSeconds(),
                    "containers",
                        pod.spec().containers().stream().map(Manifests::container).toList()),
            "status", podStatus(pod, hostAddress)));
  }

  private static Map<String, Object> podMeta(PodFacts pod) {
    boolean owned = !pod.owner().deployment().isEmpty();
    Map<String, String> labels = new TreeMap<>(pod.labels());
    if (owned) {
      labels.put("pod-template-hash", pod.owner().hash());
    }
    Map<String, Object> controller =
        map(
            "apiVersion", "apps/v1",
            "kind", "ReplicaSet",
            "name", pod.owner().replicaSet(),
            "uid", "00000000-0000-0000-0000-000000000000",
            "controller", true);
    Object deletion = pod.state().deletion();
    return map(
        "name",
        pod.id().name(),
        "namespace",
        pod.id().namespace(),
        "uid",
        pod.id().uid(),
        "generateName",
        owned ? pod.owner().replicaSet() + "-" : null,
        "creationTimestamp",
        pod.state().creation().toString(),
        "deletionTimestamp",
        deletion == null ? null : deletion.toString(),
        "labels",
        labels,
        "annotations",
        new TreeMap<>(pod.annotations()),
        "ownerReferences",
        owned ? List.of(controller) : null);
  }

  private static Map<String, Object> podStatus(PodFacts pod, InetAddress hostAddress) {
    List<Object> addresses = new ArrayList<>();
    for (InetAddress address : pod.addresses()) {
      addresses.add(map("ip", address.getHostAddress()));
    }
    String ready = pod.state().ready() ? "True" : "False";
    return map(
        "phase", pod.state().phase(),
        "hostIP", hostAddress.getHostAddress(),
        "podIP", pod.addresses().isEmpty() ? null : pod.addresses().getFirst().getHostAddress(),
        "podIPs", addresses.isEmpty() ? null : addresses,
        "conditions",
            List.of(
                map("type", "ContainersReady", "status", ready),
                map("type", "Ready", "status", ready)));
  }

  private static Object container(Container container) {
    List<Object> ports = new ArrayList<>();
    for (Container.Port port : container.ports()) {
      ports.add(
          map(
              "name", port.name().isEmpty() ? null : port.name(),
              "containerPort", port.number(),
              "protocol", port.protocol()));
    }
    return map(
        "name", container.name(),
        "image", container.image().isEmpty() ? null : container.image(),
        "command", container.command(),
        "args", container.args().isEmpty() ? null : container.args(),
        "ports", ports.isEmpty() ? null : ports,
        "readinessProbe", probe(container.probes().readiness()),
        "livenessProbe", probe(container.probes().liveness()));
  }

  private static @Nullable Object probe(Container.@Nullable Probe probe) {
    if (probe == null) {
      return null;
    }
    return switch (probe.action()) {
      case Container.Action.HttpGet get ->
          map("httpGet", map("path", get.path(), "port", port(get.port()), "scheme", get.scheme()));
      case Container.Action.TcpSocket tcp -> map("tcpSocket", map("port", port(tcp.port())));
      case Container.Action.Grpc grpc -> map("grpc", map("port", grpc.port()));
      case Container.Action.Exec exec -> map("exec", map("command", exec.command()));
    };
  }

  private static Object port(PortRef port) {
    return switch (port) {
      case PortRef.Numbered numbered -> numbered.number();
      case PortRef.Named named -> named.name();
    };
  }

  /// The EndpointSlice of a service for one address family.
  public static String endpointSlice(Service service, List<PodFacts> pods, boolean v4) {
    List<PodFacts> chosen =
        pods.stream()
            .filter(pod -> pod.id().namespace().equals(service.meta().namespace()))
            .filter(pod -> pod.matches(service.selector()) && !pod.addresses().isEmpty())
            .toList();
    List<Object> ports = new ArrayList<>();
    for (Service.Port port : service.ports()) {
      int number =
          chosen.stream()
              .mapToInt(pod -> pod.port(port.target()))
              .filter(n -> n > 0)
              .findFirst()
              .orElse(0);
      if (number > 0) {
        ports.add(map("name", port.name(), "port", number, "protocol", port.protocol()));
      }
    }
    String name = sliceName(service.key(), v4);
    return YamlTree.text(
        map(
            "apiVersion",
            "discovery.k8s.io/v1",
            "kind",
            "EndpointSlice",
            "metadata",
            map(
                "name", name,
                "namespace", service.meta().namespace(),
                "labels", map("kubernetes.io/service-name", service.meta().name())),
            "addressType",
            v4 ? "IPv4" : "IPv6",
            "endpoints",
            chosen.stream().flatMap(pod -> endpoint(pod, v4).stream()).toList(),
            "ports",
            ports));
  }

  /// Name of the slice of a service.
  public static String sliceName(ObjectKey service, boolean v4) {
    return service.name() + (v4 ? "-ipv4" : "-ipv6");
  }

  private static List<Object> endpoint(PodFacts pod, boolean v4) {
    List<String> addresses =
        pod.addresses().stream()
            .filter(address -> address instanceof Inet4Address == v4)
            .map(InetAddress::getHostAddress)
            .toList();
    if (addresses.isEmpty()) {
      return List.of();
    }
    boolean ready = pod.state().ready();
    boolean terminating = pod.state().terminating();
    return List.of(
        map(
            "addresses", addresses,
            "conditions",
                map("ready", ready && !terminating, "serving", ready, "terminating", terminating),
            "nodeName", pod.spec().nodeName(),
            "targetRef",
                map(
                    "kind", "Pod",
                    "namespace", pod.id().namespace(),
                    "name", pod.id().name(),
                    "uid", pod.id().uid())));
  }
}
