package adit.linux.topology;

/// The cable from a namespace to the fabric's bridge.
final class Uplink {
  static final String NAME = "eth0";

  private Uplink() {}

  static void add(IpBatch batch, Fabric fabric, NamedNetns netns, DualStack addresses, int number) {
    Device inside = new Device(netns, NAME);
    Device port = new Device(fabric.netns(), "port" + number);
    AddressPlan plan = fabric.plan();
    batch
        .netns(netns)
        .veth(inside, port)
        .port(port, Fabric.BRIDGE)
        .address(inside, addresses.ip4(), plan.nodes4().prefix())
        .address(inside, addresses.ip6(), plan.nodes6().prefix());
  }
}
