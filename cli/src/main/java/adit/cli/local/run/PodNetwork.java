package adit.cli.local.run;

import adit.cli.local.plan.PodFacts;
import adit.linux.Netns;
import adit.linux.Sysctl;
import adit.linux.topology.DualStack;
import adit.linux.topology.FabricNode;
import adit.linux.topology.FabricPod;
import adit.linux.topology.IpBatch;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Makes and removes the networks of one node's pods: what a runtime does with its first plugin,
/// and then the chained one. Blocks; safe for use by several threads.
public final class PodNetwork {
  private final FabricNode node;
  private final Ipam ipam;
  private final @Nullable CniPlugin plugin;

  /// @param plugin the chained plugin, or null for pods without a mesh
  public PodNetwork(FabricNode node, @Nullable CniPlugin plugin) throws IOException {
    this.node = node;
    this.ipam = new Ipam(node);
    this.plugin = plugin;
    try (Netns inside = node.netns().open()) {
      // Pods of one node reach each other through the node (below); it must not tell them
      // otherwise.
      for (String scope : new String[] {"all", "default", node.podBridge().name()}) {
        Sysctl.write(inside, "net.ipv4.conf." + scope + ".send_redirects", "0");
      }
    }
  }

  /// Makes a pod's network and tells the plugin.
  ///
  /// @throws IOException with the plugin's or the system's reason; nothing is left then
  public FabricPod add(PodFacts.Id id) throws IOException {
    DualStack addresses = ipam.take();
    @Nullable FabricPod pod = null;
    try {
      pod = node.addPod(id.dotted(), addresses);
      route(pod);
      if (plugin != null) {
        plugin.add(pod, id, node.gateway());
      }
      return pod;
    } catch (IOException e) {
      if (pod != null) {
        node.removePod(pod);
      }
      ipam.giveBack(addresses);
      throw e;
    }
  }

  /// Removes a pod's network, ending what still runs inside.
  public void remove(FabricPod pod, PodFacts.Id id) throws IOException {
    if (plugin != null) {
      plugin.delete(pod, id, node.gateway());
    }
    Leftovers.endProcesses(pod.netns());
    node.removePod(pod);
    ipam.giveBack(pod.addresses());
  }

  /// Sends everything, also to pods on the same node, through the node: service addresses are
  /// translated there, and answers have to pass there again.
  private void route(FabricPod pod) throws IOException {
    DualStack gateway = node.gateway();
    new IpBatch()
        .in(pod.netns(), "route replace " + gateway.ip4().getHostAddress() + "/32 dev eth0")
        .in(pod.netns(), "route del " + node.podRange4() + " dev eth0")
        .in(pod.netns(), "route replace " + gateway.ip6().getHostAddress() + "/128 dev eth0")
        .in(pod.netns(), "route del " + node.podRange6() + " dev eth0")
        .apply();
    try (Netns inside = pod.netns().open()) {
      Sysctl.write(inside, "net.ipv6.conf.all.accept_redirects", "0");
      Sysctl.write(inside, "net.ipv6.conf.eth0.accept_redirects", "0");
      Sysctl.write(inside, "net.ipv4.ip_unprivileged_port_start", "0");
    }
  }
}
