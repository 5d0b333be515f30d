package adit.linux.topology;

import adit.linux.Netns;
import adit.linux.Sysctl;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A node: a namespace with a link to the other nodes and a bridge for its pods.
public final class FabricNode {
  private static final String BRIDGE = "cni0";
  private static final int FIRST_POD = 10;

  private final Fabric fabric;
  private final String name;
  private final NamedNetns netns;
  private final DualStack addresses;
  private final Subnet podRange4;
  private final Subnet podRange6;
  private final Map<String, FabricPod> pods = new LinkedHashMap<>();
  private int lastPod = FIRST_POD - 1;

  private FabricNode(Fabric fabric, String name, int number) {
    this.fabric = fabric;
    this.name = name;
    this.netns = fabric.named(name);
    this.addresses = fabric.plan().node(number);
    this.podRange4 = fabric.plan().podRange4(number);
    this.podRange6 = fabric.plan().podRange6(number);
  }

  static FabricNode build(Fabric fabric, String name, int number, List<Routed> others)
      throws IOException {
    FabricNode node = new FabricNode(fabric, name, number);
    IpBatch batch = new IpBatch();
    Uplink.add(batch, fabric, node.netns, node.addresses, number);
    Device bridge = node.podBridge();
    batch
        .bridge(bridge)
        .address(bridge, node.gateway().ip4(), node.podRange4.prefix())
        .address(bridge, node.gateway().ip6(), node.podRange6.prefix());
    others.forEach(other -> Fabric.meet(batch, node.routed(), other));
    batch.apply();
    try (Netns inside = node.netns.open()) {
      Sysctl.write(inside, "net.ipv4.ip_forward", "1");
      Sysctl.write(inside, "net.ipv6.conf.all.forwarding", "1");
      Sysctl.write(inside, "net.ipv4.conf.all.rp_filter", "0");
      Sysctl.write(inside, "net.ipv4.conf.default.rp_filter", "0");
    }
    return node;
  }

  /// Its name in the fabric.
  public String name() {
    return name;
  }

  /// Its namespace.
  public NamedNetns netns() {
    return netns;
  }

  /// Its addresses towards other nodes: what Kubernetes calls the node's internal addresses.
  public DualStack addresses() {
    return addresses;
  }

  /// The IPv4 addresses of its pods.
  public Subnet podRange4() {
    return podRange4;
  }

  /// The IPv6 addresses of its pods.
  public Subnet podRange6() {
    return podRange6;
  }

  /// Its addresses towards its pods.
  public DualStack gateway() {
    return new DualStack(podRange4.address4(1), podRange6.address6(1));
  }

  /// The link to the other nodes: the place to look at what is on the wire.
  public Device uplink() {
    return new Device(netns, Uplink.NAME);
  }

  /// The bridge that its pods are on.
  public Device podBridge() {
    return new Device(netns, BRIDGE);
  }

  /// Adds a pod with the next free addresses.
  public synchronized FabricPod addPod(String name) throws IOException {
    int number = ++lastPod;
    return addPod(
        name, number, new DualStack(podRange4.address4(number), podRange6.address6(number)));
  }

  /// Adds a pod with addresses of the caller's choice out of the node's pod ranges.
  public synchronized FabricPod addPod(String name, DualStack addresses) throws IOException {
    return addPod(name, ++lastPod, addresses);
  }

  /// Removes a pod's namespace and link.
  public synchronized void removePod(FabricPod pod) throws IOException {
    // The end in the node first: a process that is still inside would keep the namespace and the
    // link.
    Command.of("ip", "-n", netns.name(), "link", "delete", pod.link().name()).output();
    Command.of("ip", "netns", "delete", pod.netns().name()).output();
    pods.remove(pod.name());
  }

  /// The pods in the order in which they were added.
  public synchronized Collection<FabricPod> pods() {
    return List.copyOf(pods.values());
  }

  Routed routed() {
    return new Routed(netns, addresses, List.of(podRange4, podRange6));
  }

  private FabricPod addPod(String name, int number, DualStack addresses) throws IOException {
    if (pods.containsKey(name)) {
      throw new IllegalArgumentException("pod: " + name + " (expected: one that is not in use)");
    }
    Device link = new Device(netns, "veth" + number);
    FabricPod pod = new FabricPod(name, fabric.named(name), addresses, link);
    Device inside = new Device(pod.netns(), Uplink.NAME);
    new IpBatch()
        .netns(pod.netns())
        .veth(inside, link)
        .port(link, BRIDGE)
        .address(inside, addresses.ip4(), podRange4.prefix())
        .address(inside, addresses.ip6(), podRange6.prefix())
        .defaultRoute(pod.netns(), gateway().ip4())
        .defaultRoute(pod.netns(), gateway().ip6())
        .apply();
    pods.put(name, pod);
    return pod;
  }
}
