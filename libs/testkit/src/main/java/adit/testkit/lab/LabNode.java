package adit.testkit.lab;

import adit.linux.topology.Device;
import adit.linux.topology.DualStack;
import adit.linux.topology.FabricNode;
import adit.linux.topology.NamedNetns;
import java.io.IOException;

/// A node of a lab; its uplink is the wire between nodes.
public final class LabNode implements LabSpace {
  private final FabricNode node;

  LabNode(FabricNode node) {
    this.node = node;
  }

  /// The node in the network below.
  public FabricNode fabric() {
    return node;
  }

  /// Adds a pod with the next free addresses.
  public LabPod addPod(String name) throws IOException {
    return new LabPod(node.addPod(name));
  }

  /// Adds a pod with chosen addresses out of the node's pod ranges.
  public LabPod addPod(String name, DualStack addresses) throws IOException {
    return new LabPod(node.addPod(name, addresses));
  }

  /// Removes a pod.
  public void removePod(LabPod pod) throws IOException {
    node.removePod(pod.fabric());
  }

  @Override
  public String name() {
    return node.name();
  }

  @Override
  public NamedNetns netns() {
    return node.netns();
  }

  @Override
  public DualStack addresses() {
    return node.addresses();
  }

  @Override
  public Device uplink() {
    return node.uplink();
  }
}
