package adit.cni.agent.rules;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// One condition of a [Rule].
public sealed interface Match {
  /// The packet came in through this interface.
  ///
  /// @param name name of the interface in the namespace of the table
  record FromInterface(String name) implements Match {}

  /// The packet goes out through this interface.
  ///
  /// @param name name of the interface in the namespace of the table
  record ToInterface(String name) implements Match {}

  /// The packet comes from this address.
  ///
  /// @param address of either family
  record FromAddress(InetAddress address) implements Match {}

  /// The packet goes to this address.
  ///
  /// @param address of either family
  record ToAddress(InetAddress address) implements Match {}

  /// The packet goes to an address of a named set of the same table.
  ///
  /// @param set what the set holds decides the family
  record ToAddressIn(AddressSet set) implements Match {}

  /// The packet is IPv4.
  record Ipv4() implements Match {}

  /// The packet is TCP.
  record Tcp() implements Match {}

  /// The packet is TCP and not to this port.
  ///
  /// @param port 1..65535
  record NotToPort(int port) implements Match {}

  /// The packet is TCP and to one of these ports.
  ///
  /// @param ports at least one, each 1..65535
  record ToPortOf(Set<Integer> ports) implements Match {}

  /// The packet goes to one of these ranges.
  ///
  /// @param ranges at least one, all of one family
  record ToRangeOf(List<Exclusions.Range> ranges) implements Match {}

  /// The packet is the first one of a TCP connection: SYN without ACK, FIN and RST.
  record TcpOpening() implements Match {}

  /// The packet's mark, masked with [Marks#MASK], is this.
  ///
  /// @param mark the value
  record Marked(int mark) implements Match {}

  /// The packet's mark, masked with [Marks#MASK], is another.
  ///
  /// @param mark the value
  record NotMarked(int mark) implements Match {}

  /// The mark of the packet's connection, masked with [Marks#MASK], is this.
  ///
  /// @param mark the value
  record ConnectionMarked(int mark) implements Match {}

  /// The packet was sent by a socket of the table's own namespace, opened by this user.
  ///
  /// @param uid numeric user id
  record SentByUser(int uid) implements Match {}

  /// The condition in nft's language.
  default String text() {
    return switch (this) {
      case FromInterface(String name) -> "iifname \"" + name + "\"";
      case ToInterface(String name) -> "oifname \"" + name + "\"";
      case FromAddress(InetAddress address) ->
          family(address) + " saddr " + address.getHostAddress();
      case ToAddress(InetAddress address) -> family(address) + " daddr " + address.getHostAddress();
      case ToAddressIn(AddressSet set) -> set.family() + " daddr @" + set.name();
      case Ipv4() -> "meta nfproto ipv4";
      case Tcp() -> "meta l4proto tcp";
      case NotToPort(int port) -> "tcp dport != " + port;
      case ToPortOf(Set<Integer> ports) ->
          "tcp dport { "
              + ports.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "))
              + " }";
      case ToRangeOf(List<Exclusions.Range> ranges) ->
          (ranges.getFirst().six() ? "ip6" : "ip")
              + " daddr { "
              + ranges.stream().map(Exclusions.Range::text).collect(Collectors.joining(", "))
              + " }";
      case TcpOpening() -> "tcp flags & (fin | syn | rst | ack) == syn";
      case Marked(int mark) -> "meta mark & " + Marks.hex(Marks.MASK) + " == " + Marks.hex(mark);
      case NotMarked(int mark) -> "meta mark & " + Marks.hex(Marks.MASK) + " != " + Marks.hex(mark);
      case ConnectionMarked(int mark) ->
          "ct mark & " + Marks.hex(Marks.MASK) + " == " + Marks.hex(mark);
      case SentByUser(int uid) -> "meta skuid " + uid;
    };
  }

  private static String family(InetAddress address) {
    return address instanceof Inet6Address ? "ip6" : "ip";
  }
}
