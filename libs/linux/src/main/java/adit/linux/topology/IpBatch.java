package adit.linux.topology;

import adit.linux.Netns;
import adit.linux.Sysctl;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Changes of links, addresses and routes that are made together: one `ip -batch` process for
/// making namespaces and links, then one for each namespace that is configured.
///
/// Nothing is ever added to the namespace of the caller. Not safe for use by several threads.
public final class IpBatch {
  private final List<String> first = new ArrayList<>();
  private final List<NamedNetns> made = new ArrayList<>();
  private final List<Device> cables = new ArrayList<>();
  private final Map<NamedNetns, List<String>> inside = new LinkedHashMap<>();

  /// Makes a namespace with its loopback interface up.
  public IpBatch netns(NamedNetns netns) {
    first.add("netns add " + netns.name());
    made.add(netns);
    return in(netns, "link set lo up");
  }

  /// Makes a virtual cable between two namespaces, both ends up.
  public IpBatch veth(Device one, Device other) {
    first.add("link add " + placed(one) + " type veth peer name " + placed(other));
    cables.add(one);
    cables.add(other);
    return up(one).up(other);
  }

  /// Makes a bridge, up. Its hardware address is fixed: otherwise it would be the lowest one of the
  /// ports, and change, unknown to the neighbours, when a port comes or goes.
  public IpBatch bridge(Device bridge) {
    String line = "link add " + bridge.name() + " address " + hardware(bridge) + " type bridge";
    return in(bridge.netns(), line).up(bridge);
  }

  /// Makes `port` a port of the bridge with this name in the same namespace.
  public IpBatch port(Device port, String bridge) {
    return in(port.netns(), "link set " + port.name() + " master " + bridge);
  }

  /// Brings a device up.
  public IpBatch up(Device device) {
    return in(device.netns(), "link set " + device.name() + " up");
  }

  /// Gives a device an address that is usable at once (no duplicate address detection).
  public IpBatch address(Device device, InetAddress address, int prefix) {
    String usable = address instanceof Inet6Address ? " nodad" : "";
    String line = "address add " + address.getHostAddress() + "/" + prefix;
    return in(device.netns(), line + " dev " + device.name() + usable);
  }

  /// Sends what goes to `destination` to a neighbour.
  public IpBatch route(NamedNetns netns, Subnet destination, InetAddress via) {
    return route(netns, destination.toString(), via);
  }

  /// Sends everything without a better route to a neighbour.
  public IpBatch defaultRoute(NamedNetns netns, InetAddress via) {
    return route(netns, via instanceof Inet6Address ? "::/0" : "0.0.0.0/0", via);
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
    for (NamedNetns netns : made) {
      noDuplicateDetection(netns, "all");
      noDuplicateDetection(netns, "default");
    }
    for (Device cable : cables) {
      noDuplicateDetection(cable.netns(), cable.name());
    }
    for (Map.Entry<NamedNetns, List<String>> lines : inside.entrySet()) {
      run(Command.of("ip", "-n", lines.getKey().name(), "-batch", "-"), lines.getValue());
    }
  }

  /// A link-local address that is still being tried out for a second cannot ask for neighbours, so
  /// the first packets over IPv6 would wait for seconds.
  private static void noDuplicateDetection(NamedNetns in, String device) throws IOException {
    try (Netns netns = in.open()) {
      Sysctl.write(netns, "net/ipv6/conf/" + device + "/accept_dad", "0");
    }
  }

  private IpBatch route(NamedNetns netns, String destination, InetAddress via) {
    return in(netns, "route replace " + destination + " via " + via.getHostAddress());
  }

  /// A locally administered unicast address made from the name.
  private static String hardware(Device device) {
    int hash = device.hashCode();
    StringBuilder text = new StringBuilder("0a:ad");
    for (int shift = 24; shift >= 0; shift -= 8) {
      text.append(':').append(HexFormat.of().toHexDigits((byte) (hash >> shift)));
    }
    return text.toString();
  }

  private static String placed(Device device) {
    return device.name() + " netns " + device.netns().name();
  }

  private static void run(Command ip, List<String> lines) throws IOException {
    String input = String.join("\n", lines) + "\n";
    Completed done = ip.reading(input).run();
    if (done.exit() != 0) {
      throw new CommandFailed(ip + " <<< " + String.join("; ", lines), done.exit(), done.err());
    }
  }
}
