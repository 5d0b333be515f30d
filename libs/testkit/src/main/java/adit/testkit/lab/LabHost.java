package adit.testkit.lab;

import adit.linux.topology.DualStack;
import adit.linux.topology.FabricHost;
import adit.linux.topology.NamedNetns;

/// A namespace beside the nodes of a lab: the place of a control plane or of a client from outside.
///
/// @param fabric the host in the network below
public record LabHost(FabricHost fabric) implements LabSpace {
  @Override
  public String name() {
    return fabric.name();
  }

  @Override
  public NamedNetns netns() {
    return fabric.netns();
  }

  @Override
  public DualStack addresses() {
    return fabric.addresses();
  }
}
