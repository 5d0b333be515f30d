package adit.linux.topology;

import java.io.IOException;
import java.util.List;

/// A namespace on the bridge of the nodes.
///
/// @param name its name in the fabric
/// @param netns the namespace
/// @param addresses its addresses on the bridge
public record FabricHost(String name, NamedNetns netns, DualStack addresses) {
  static FabricHost build(Fabric fabric, String name, int number, List<Routed> others)
      throws IOException {
    FabricHost host = new FabricHost(name, fabric.named(name), fabric.plan().node(number));
    IpBatch batch = new IpBatch();
    Uplink.add(batch, fabric, host.netns, host.addresses, number);
    others.forEach(other -> Fabric.meet(batch, host.routed(), other));
    batch.apply();
    return host;
  }

  Routed routed() {
    return new Routed(netns, addresses, List.of());
  }
}
