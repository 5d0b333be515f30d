package adit.cli.local.plan;

import adit.source.object.ObjectKey;
import adit.source.object.Service;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Where connections to service addresses go: what kube-proxy does, for pods outside the mesh.
///
/// @param entries one for each address and port of a service
public record Routes(List<Entry> entries) {
  /// Copies the list.
  public Routes {
    entries = List.copyOf(entries);
  }

  /// One address and port.
  ///
  /// @param service whose it is
  /// @param address the service's address
  /// @param port the service's port
  /// @param protocol `TCP` or `UDP`
  /// @param targets pods that are ready, of the same address family
  public record Entry(
      ObjectKey service, InetAddress address, int port, String protocol, List<Target> targets) {
    /// Copies the list.
    public Entry {
      targets = List.copyOf(targets);
    }
  }

  /// One pod behind a service's port.
  public record Target(InetAddress address, int port) {}

  /// The routes of these services to these pods.
  public static Routes of(
      Collection<Service> services, AddressBook addresses, List<PodFacts> pods) {
    List<Entry> entries = new ArrayList<>();
    for (Service service :
        services.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList()) {
      List<PodFacts> chosen = pods.stream().filter(pod -> serves(pod, service)).toList();
      for (InetAddress address : addresses.of(service)) {
        for (Service.Port port : service.ports()) {
          entries.add(
              new Entry(
                  service.key(),
                  address,
                  port.number(),
                  port.protocol(),
                  targets(chosen, address instanceof Inet4Address, port)));
        }
      }
    }
    return new Routes(entries);
  }

  /// Rules for `nft -f`: one table that is replaced as a whole, so that no connection sees half of
  /// it.
  public String nft() {
    StringBuilder text =
        new StringBuilder("table inet adit_services\ndelete table inet adit_services\n");
    text.append("table inet adit_services {\n");
    for (String chain : List.of("prerouting", "output")) {
      text.append("  chain ").append(chain).append(" {\n");
      text.append("    type nat hook ").append(chain).append(" priority -100; policy accept;\n");
      entries.stream().filter(entry -> !entry.targets().isEmpty()).forEach(e -> rule(text, e));
      text.append("  }\n");
    }
    text.append("  chain refuse {\n    type filter hook prerouting priority -50; policy accept;\n");
    for (Entry entry : entries) {
      if (entry.targets().isEmpty() && entry.protocol().equals("TCP")) {
        match(text, entry).append(" reject with tcp reset\n");
      }
    }
    return text.append("  }\n}\n").toString();
  }

  private static boolean serves(PodFacts pod, Service service) {
    return pod.id().namespace().equals(service.meta().namespace())
        && pod.matches(service.selector())
        && pod.state().ready()
        && !pod.state().terminating();
  }

  private static List<Target> targets(List<PodFacts> pods, boolean v4, Service.Port port) {
    List<Target> targets = new ArrayList<>();
    for (PodFacts pod : pods) {
      int number = pod.port(port.target());
      for (InetAddress address : pod.addresses()) {
        if (number > 0 && address instanceof Inet4Address == v4) {
          targets.add(new Target(address, number));
        }
      }
    }
    return targets;
  }

  private static void rule(StringBuilder text, Entry entry) {
    boolean v4 = entry.address() instanceof Inet4Address;
    match(text, entry).append(v4 ? " dnat ip to " : " dnat ip6 to ");
    text.append("numgen random mod ").append(entry.targets().size()).append(" map { ");
    for (int i = 0; i < entry.targets().size(); i++) {
      Target target = entry.targets().get(i);
      text.append(i == 0 ? "" : ", ").append(i).append(" : ");
      text.append(target.address().getHostAddress()).append(" . ").append(target.port());
    }
    text.append(" }\n");
  }

  private static StringBuilder match(StringBuilder text, Entry entry) {
    String family = entry.address() instanceof Inet4Address ? "ip" : "ip6";
    String protocol = entry.protocol().equals("UDP") ? "udp" : "tcp";
    return text.append("    ")
        .append(family)
        .append(" daddr ")
        .append(entry.address().getHostAddress())
        .append(' ')
        .append(protocol)
        .append(" dport ")
        .append(entry.port());
  }
}
