package adit.cni.agent.rules;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The table in the node's own namespace: what the kubelet sends to captured pods gets the probes'
/// source address. Only sockets of one user are meant, not every process of the node and not what
/// the node forwards.
public final class ProbeTable {
  /// Name of the table.
  public static final String NAME = "adit-probes";

  private ProbeTable() {}

  /// The table for these pods.
  ///
  /// @param pods pod UIDs by address
  /// @param probes the source address to give
  /// @param uid user that the kubelet runs as
  public static Table of(Map<InetAddress, String> pods, ProbeSource probes, int uid) {
    AddressSet pods4 = new AddressSet("pods4", "ip", ofFamily(pods, false));
    AddressSet pods6 = new AddressSet("pods6", "ip6", ofFamily(pods, true));
    List<Rule> rules =
        List.of(
            Rule.of(
                "probe4",
                new Action.SourceBecomes(probes.ip4()),
                new Match.Tcp(),
                new Match.SentByUser(uid),
                new Match.ToAddressIn(pods4)),
            Rule.of(
                "probe6",
                new Action.SourceBecomes(probes.ip6()),
                new Match.Tcp(),
                new Match.SentByUser(uid),
                new Match.ToAddressIn(pods6)));
    return new Table(
        NAME,
        List.of(pods4, pods6),
        List.of(new Chain("postrouting", "nat", "postrouting", Chain.SOURCE_NAT, rules)));
  }

  private static Map<InetAddress, String> ofFamily(Map<InetAddress, String> pods, boolean six) {
    Map<InetAddress, String> chosen =
        new TreeMap<>(Comparator.comparing(InetAddress::getAddress, Arrays::compare));
    pods.forEach((address, uid) -> {
      if (address instanceof Inet6Address == six) {
        chosen.put(address, uid);
      }
    });
    return chosen;
  }
}
