package adit.linux.topology;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Changes of links, addresses and routes that are made together: one `ip -batch` process for making
/// namespaces and links, then one for each namespace that is configured.
///
/// Nothing is ever added to the namespace of the caller. Not safe for use by several threads.
public final class IpBatch {
  private final List<String> first = new ArrayList<>();
  private final Map<NamedNetns, List<String>> inside = new LinkedHashMap<>();

  /// Makes a namespace with its loopback interface up.
  public IpBatch netns(NamedNetns netns) {
    first.add("netns add " + netns.name());
    return in(netns, "link set lo up");
  }

  /// Makes a virtual cable between two namespaces, both ends up.
  public IpBatch veth(Device one, Device other) {
    first.add(
        "link add %s netns %s type veth peer name %s netns %s"
            .formatted(one.name(), one.netns().name(), other.name(), other.netns().name()));
    return up(one).up(other);
  }

  /// Makes a bridge, up.
  public IpBatch bridge(Device bridge) {
    return in(bridge.netns(), "link add %s type bridge".formatted(bridge.name())).up(bridge);
  }

  /// Makes `port` a port of the bridge with this name in the same namespace.
  public IpBatch port(Device port, String bridge) {
    return in(port.netns(), "link set %s master %s".formatted(port.name(), bridge));
  }

  /// Brings a device up.
  public IpBatch up(Device device) {
    return in(device.netns(), "link set %s up".formatted(device.name()));
  }

  /// Gives a device an address that is usable at once (no duplicate address detection).
  public IpBatch address(Device device, InetAddress address, int prefix) {
    return in(
        device.netns(),
        "address add %s/%d dev %s%s"
            .formatted(
                address.getHostAddress(),
                prefix,
                device.name(),
                address instanceof Inet6Address ? " nodad" : ""));
  }

  /// Sends what goes to `destination` to a neighbour.
  public IpBatch route(NamedNetns netns, Subnet destination, InetAddress via) {
    return in(netns, "route replace %s via %s".formatted(destination, via.getHostAddress()));
  }

  /// Sends everything without a better route to a neighbour.
  public IpBatch defaultRoute(NamedNetns netns, InetAddress via) {
    return in(
        netns,
        "route replace %s via %s"
            .formatted(via instanceof Inet6Address ? "::/0" : "0.0.0.0/0", via.getHostAddress()));
  }

  /// Any other line of `ip -batch`, to be run inside `netns`.
  public IpBatch in(NamedNetns netns, String line) {
    inside.computeIfAbsent(netns, _ -> new ArrayList<>()).add(line);
    return this;
  }

  /// Makes the changes; stops at the first that fails.
  public void apply() throws IOException {
    if (!first.isEmpty()) {
      run(Command.of("ip", "-batch", "-"), first);
    }
    for (Map.Entry<NamedNetns, List<String>> lines : inside.entrySet()) {
      run(Command.of("ip", "-n", lines.getKey().name(), "-batch", "-"), lines.getValue());
    }
  }

  private static void run(Command ip, List<String> lines) throws IOException {
    String input = String.join("\n", lines) + "\n";
    Completed done = ip.reading(input).run();
    if (done.exit() != 0) {
      throw new CommandFailed(ip + " <<< " + String.join("; ", lines), done.exit(), done.err());
    }
  }
}
