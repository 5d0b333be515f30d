package adit.linux.topology;

/// Which addresses a fabric gives out. Node number `n` (from 1) has address `n` of the node ranges
/// and part `n` of the pod ranges: a /24 and a /64.
///
/// @param nodes4 IPv4 range of the nodes' link, for example `172.30.0.0/24`
/// @param nodes6 IPv6 range of the nodes' link
/// @param pods4 IPv4 range of all pods, prefix at most 16
/// @param pods6 IPv6 range of all pods, prefix at most 56
public record AddressPlan(Subnet nodes4, Subnet nodes6, Subnet pods4, Subnet pods6) {
  static final int POD_PREFIX_4 = 24;
  static final int POD_PREFIX_6 = 64;

  /// Private ranges that meet nothing, because a fabric is connected to nothing.
  public static AddressPlan standard() {
    return new AddressPlan(
        Subnet.parse("172.30.0.0/24"),
        Subnet.parse("fdad:0:0:1::/64"),
        Subnet.parse("10.244.0.0/16"),
        Subnet.parse("fdad:0:0:100::/56"));
  }

  DualStack node(int number) {
    return new DualStack(nodes4.address4(number), nodes6.address6(number));
  }

  Subnet podRange4(int number) {
    return pods4.part(POD_PREFIX_4, number);
  }

  Subnet podRange6(int number) {
    return pods6.part(POD_PREFIX_6, number);
  }
}
