package adit.linux.topology;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The network of one instance: a parent namespace with a bridge, nodes and hosts on that bridge,
/// pods behind the nodes. Both address families everywhere; no route leads out of the instance and
/// nothing is added to the namespace of the caller.
///
/// ```
///   INSTANCE (parent)            bridge "br0"
///     INSTANCE.NODE   eth0 on br0, bridge "cni0" = the pods' gateway (first address of the pod range)
///       INSTANCE.POD  eth0 on the node's cni0, default route to the gateway
///     INSTANCE.HOST   eth0 on br0, routes to all pod ranges (a control plane, an outside client)
/// ```
///
/// All names begin with the instance, so [#remove] finds what a crashed owner has left. Methods are
/// safe for use by several threads; each changes the machine before it returns.
public final class Fabric implements AutoCloseable {
  static final String BRIDGE = "br0";
  private static final String INSTANCE = "[a-z][a-z0-9-]{0,30}";
  private static final int FIRST_HOST = 128;

  private final String instance;
  private final AddressPlan plan;
  private final NamedNetns netns;
  private final Map<String, FabricNode> nodes = new LinkedHashMap<>();
  private final Map<String, FabricHost> hosts = new LinkedHashMap<>();
  private int lastNode;
  private int lastHost = FIRST_HOST - 1;

  private Fabric(String instance, AddressPlan plan) {
    this.instance = instance;
    this.plan = plan;
    this.netns = new NamedNetns(instance);
  }

  /// Builds an empty fabric. What a crashed owner of the same instance has left is removed first.
  ///
  /// @param instance prefix of all names: letters, digits and `-`
  public static Fabric create(String instance, AddressPlan plan) throws IOException {
    remove(instance);
    Fabric fabric = new Fabric(instance, plan);
    Device bridge = new Device(fabric.netns, BRIDGE);
    new IpBatch().netns(fabric.netns).bridge(bridge).apply();
    return fabric;
  }

  /// Removes all namespaces of an instance; with them go their links, routes and rules. Processes
  /// that are still inside are not ended: see [#leftovers].
  public static void remove(String instance) throws IOException {
    List<NamedNetns> all = leftovers(instance);
    if (!all.isEmpty()) {
      String lines = String.join("\n", all.stream().map(n -> "netns delete " + n.name()).toList());
      Command.of("ip", "-force", "-batch", "-").reading(lines + "\n").output();
    }
  }

  /// The namespaces of an instance that exist on this machine.
  public static List<NamedNetns> leftovers(String instance) throws IOException {
    requireInstance(instance);
    if (!Files.isDirectory(NamedNetns.DIRECTORY)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(NamedNetns.DIRECTORY)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.equals(instance) || name.startsWith(instance + "."))
          .map(NamedNetns::new)
          .toList();
    }
  }

  /// The name that all names begin with.
  public String instance() {
    return instance;
  }

  /// The addresses that this fabric gives out.
  public AddressPlan plan() {
    return plan;
  }

  /// The parent namespace; its `br0` carries everything between nodes.
  public NamedNetns netns() {
    return netns;
  }

  /// Adds a node with the next addresses of the plan; forwarding is on, return-path filtering off.
  public synchronized FabricNode addNode(String name) throws IOException {
    requireNew(name);
    FabricNode node = FabricNode.build(this, name, ++lastNode, routed());
    nodes.put(name, node);
    return node;
  }

  /// Adds a namespace that is connected to the nodes and belongs to none of them.
  public synchronized FabricHost addHost(String name) throws IOException {
    requireNew(name);
    FabricHost host = FabricHost.build(this, name, ++lastHost, routed());
    hosts.put(name, host);
    return host;
  }

  /// Removes a node with its pods.
  public synchronized void removeNode(FabricNode node) throws IOException {
    for (FabricPod pod : node.pods()) {
      node.removePod(pod);
    }
    Command.of("ip", "netns", "delete", node.netns().name()).output();
    nodes.remove(node.name());
  }

  /// Removes a host.
  public synchronized void removeHost(FabricHost host) throws IOException {
    Command.of("ip", "netns", "delete", host.netns().name()).output();
    hosts.remove(host.name());
  }

  /// The nodes in the order in which they were added.
  public synchronized Collection<FabricNode> nodes() {
    return List.copyOf(nodes.values());
  }

  /// The node with this name.
  public synchronized @Nullable FabricNode nodeOrNull(String name) {
    return nodes.get(name);
  }

  /// Removes everything.
  @Override
  public synchronized void close() throws IOException {
    remove(instance);
    nodes.clear();
    hosts.clear();
  }

  NamedNetns named(String name) {
    return new NamedNetns(instance + "." + name);
  }

  /// Every namespace on the bridge gets routes to the new node's pods, and the new one to theirs.
  static void meet(IpBatch batch, Routed one, Routed other) {
    routes(batch, one.netns(), other);
    routes(batch, other.netns(), one);
  }

  private static void routes(IpBatch batch, NamedNetns from, Routed to) {
    for (Subnet range : to.ranges()) {
      boolean v4 = range.base().getAddress().length == 4;
      InetAddress via = v4 ? to.addresses().ip4() : to.addresses().ip6();
      batch.route(from, range, via);
    }
  }

  private List<Routed> routed() {
    List<Routed> all = new ArrayList<>();
    nodes.values().forEach(node -> all.add(node.routed()));
    hosts.values().forEach(host -> all.add(host.routed()));
    return all;
  }

  private void requireNew(String name) {
    if (nodes.containsKey(name) || hosts.containsKey(name)) {
      throw new IllegalArgumentException("name: " + name + " (expected: one that is not in use)");
    }
  }

  private static void requireInstance(String instance) {
    if (!instance.matches(INSTANCE)) {
      throw new IllegalArgumentException("instance: " + instance + " (expected: " + INSTANCE + ")");
    }
  }
}
