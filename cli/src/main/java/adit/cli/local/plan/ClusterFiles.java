package adit.cli.local.plan;

import adit.source.object.Service;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// All files of the directory that stands for the API server's part of the cluster's state.
public final class ClusterFiles {
  /// The namespace of the mesh's own programs.
  public static final String SYSTEM = "istio-system";

  private ClusterFiles() {}

  /// A node as it is written down.
  ///
  /// @param name its name
  /// @param addresses its addresses, IPv4 first
  /// @param podRanges ranges of its pods' addresses
  public record NodeFacts(String name, List<InetAddress> addresses, List<String> podRanges) {
    /// Copies the lists.
    public NodeFacts {
      addresses = List.copyOf(addresses);
      podRanges = List.copyOf(podRanges);
    }
  }

  /// What the user has written, as far as these files depend on it.
  ///
  /// @param namespaces names of the namespaces
  /// @param services the services
  /// @param waypoints what is made for the gateways
  public record UserObjects(
      Collection<String> namespaces,
      Collection<Service> services,
      Collection<LocalWaypoint> waypoints) {
    /// Copies the collections.
    public UserObjects {
      namespaces = List.copyOf(namespaces);
      services = List.copyOf(services);
      waypoints = List.copyOf(waypoints);
    }
  }

  /// Content by path relative to the directory.
  public static Map<String, String> of(
      UserObjects user, AddressBook addresses, List<NodeFacts> nodes, List<PodFacts> pods) {
    Map<String, String> files = new TreeMap<>();
    Map<String, NodeFacts> byName = new TreeMap<>();
    for (NodeFacts node : nodes) {
      byName.put(node.name(), node);
      files.put(
          "node-" + node.name() + ".yaml",
          Manifests.node(node.name(), node.addresses(), node.podRanges()));
    }
    for (PodFacts pod : pods) {
      NodeFacts node = byName.get(pod.spec().nodeName());
      if (node != null) {
        files.put(
            "pod-" + pod.id().dotted() + ".yaml", Manifests.pod(pod, node.addresses().getFirst()));
      }
    }
    for (Service service : user.services()) {
      service(files, service, addresses, pods);
    }
    for (LocalWaypoint waypoint : user.waypoints()) {
      waypoint(files, waypoint, addresses, pods);
    }
    TreeSet<String> namespaces = new TreeSet<>(user.namespaces());
    if (namespaces.add(SYSTEM)) {
      files.put("namespace-" + SYSTEM + ".yaml", Manifests.namespace(SYSTEM));
    }
    files.put("serviceaccount-ztunnel.yaml", Manifests.serviceAccount(SYSTEM, "ztunnel"));
    for (String namespace : namespaces) {
      files.put(
          "serviceaccount-" + namespace + ".default.yaml",
          Manifests.serviceAccount(namespace, "default"));
    }
    return files;
  }

  private static void waypoint(
      Map<String, String> files,
      LocalWaypoint waypoint,
      AddressBook addresses,
      List<PodFacts> pods) {
    Service service = waypoint.service();
    String namespace = service.meta().namespace();
    String account = waypoint.deployment().template().serviceAccount();
    files.put(
        "serviceaccount-" + namespace + "." + account + ".yaml",
        Manifests.serviceAccount(namespace, account));
    files.put(
        "service-" + namespace + "." + service.meta().name() + ".yaml",
        Manifests.service(service, addresses.of(service)));
    endpoints(files, service, pods);
  }

  private static void service(
      Map<String, String> files, Service service, AddressBook addresses, List<PodFacts> pods) {
    String dotted = service.meta().namespace() + "." + service.meta().name();
    List<InetAddress> given = addresses.of(service);
    if (AddressBook.needsAddress(service) && !given.isEmpty()) {
      files.put(
          "service-" + dotted + ".patch.yaml", Manifests.serviceAddress(service.key(), given));
    }
    endpoints(files, service, pods);
  }

  private static void endpoints(Map<String, String> files, Service service, List<PodFacts> pods) {
    String dotted = service.meta().namespace() + "." + service.meta().name();
    if (!service.selector().isEmpty()) {
      for (boolean v4 : families(service)) {
        files.put(
            "endpointslice-" + dotted + (v4 ? ".ipv4" : ".ipv6") + ".yaml",
            Manifests.endpointSlice(service, pods, v4));
      }
    }
  }

  private static List<Boolean> families(Service service) {
    List<Boolean> families = new ArrayList<>();
    if (service.ipFamilies().isEmpty() || service.ipFamilies().contains("IPv4")) {
      families.add(true);
    }
    if (service.ipFamilies().contains("IPv6")) {
      families.add(false);
    }
    return families;
  }
}
