package adit.cni.agent.rules;

import java.util.Locale;

/// Packet marks, ports and the routing table that the rules and the node proxy agree on. They are
/// the reference's, so that either side can be swapped.
public final class Marks {
  /// The bits that are ours, of packet marks and connection marks.
  public static final int MASK = 0xfff;

  /// What the proxy sends carries this mark.
  public static final int PROXY = 0x539;

  /// Connections that the proxy opened, with the client's own address, to the pod's application.
  public static final int FROM_PROXY = 0x111;

  /// Where outgoing connections of the pod are redirected to.
  public static final int OUTBOUND_PORT = 15001;

  /// Where incoming connections are redirected to that are not in a tunnel.
  public static final int PLAINTEXT_PORT = 15006;

  /// Where tunnels arrive; never redirected.
  public static final int HBONE_PORT = 15008;

  /// The routing table in which every address is local.
  public static final int ROUTE_TABLE = 100;

  /// Preference of the policy rule that leads there.
  public static final int RULE_PREFERENCE = 32764;

  private Marks() {}

  static String hex(int value) {
    return String.format(Locale.ROOT, "0x%08x", value);
  }
}
