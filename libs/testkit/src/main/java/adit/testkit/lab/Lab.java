package adit.testkit.lab;

import adit.linux.topology.AddressPlan;
import adit.linux.topology.Fabric;
import adit.linux.topology.FabricNode;
import adit.linux.topology.NamedNetns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Nodes, pods and links in network namespaces for tests, scenarios and measurements. Needs root.
///
/// A named instance owns one parent namespace; nothing is added to the namespace of the caller, no
/// route leads out, and instances run side by side. [#close()] leaves nothing behind; what a
/// crashed run has left, processes included, goes when the same instance is created again.
public final class Lab implements AutoCloseable {
  private final Fabric fabric;
  private final List<LabNode> nodes = new ArrayList<>();

  private Lab(Fabric fabric) {
    this.fabric = fabric;
  }

  /// An empty lab with the standard addresses.
  ///
  /// @param instance letters, digits and `-`; the beginning of all names
  public static Lab create(String instance) throws IOException {
    return create(instance, AddressPlan.standard());
  }

  /// An empty lab.
  public static Lab create(String instance, AddressPlan plan) throws IOException {
    endProcesses(instance);
    return new Lab(Fabric.create(instance, plan));
  }

  /// The network below.
  public Fabric fabric() {
    return fabric;
  }

  /// Adds a node.
  public LabNode addNode(String name) throws IOException {
    FabricNode node = fabric.addNode(name);
    LabNode added = new LabNode(node);
    nodes.add(added);
    return added;
  }

  /// Adds a namespace beside the nodes, with routes to all pods.
  public LabHost addHost(String name) throws IOException {
    return new LabHost(fabric.addHost(name));
  }

  /// The nodes in the order in which they were added.
  public Collection<LabNode> nodes() {
    return List.copyOf(nodes);
  }

  /// Ends every process that is still in one of the lab's namespaces, then removes the namespaces.
  @Override
  public void close() throws IOException {
    endProcesses(fabric.instance());
    fabric.close();
  }

  private static void endProcesses(String instance) throws IOException {
    long self = ProcessHandle.current().pid();
    for (NamedNetns netns : Fabric.leftovers(instance)) {
      for (long pid : netns.processes()) {
        if (pid != self) {
          ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
      }
    }
  }
}
