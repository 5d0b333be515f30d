package adit.testkit.lab;

import adit.linux.topology.DualStack;
import adit.linux.topology.FabricPod;
import adit.linux.topology.NamedNetns;

/// A pod of a lab: a namespace with `eth0` and a default route to its node. It has no redirection
/// until somebody puts rules in.
///
/// @param fabric the pod in the network below
public record LabPod(FabricPod fabric) implements LabSpace {
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
