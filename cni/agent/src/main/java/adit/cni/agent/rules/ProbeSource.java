package adit.cni.agent.rules;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// The link-local addresses that the node's health probes carry when they arrive in a pod. Traffic
/// from there is not captured, so probes work whatever the policies say.
///
/// @param ip4 `HOST_PROBE_SNAT_IP`
/// @param ip6 `HOST_PROBE_SNAT_IPV6`
public record ProbeSource(InetAddress ip4, InetAddress ip6) {
  /// What the reference uses.
  public static final ProbeSource DEFAULT =
      of("169.254.7.127", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff");

  /// Checks the families.
  public ProbeSource {
    if (!(ip4 instanceof Inet4Address) || !(ip6 instanceof Inet6Address)) {
      throw new IllegalArgumentException(
          "probe source: " + ip4 + ", " + ip6 + " (expected: an IPv4 and an IPv6 address)");
    }
  }

  /// Reads address literals.
  public static ProbeSource of(String ip4, String ip6) {
    return new ProbeSource(literal(ip4), literal(ip6));
  }

  private static InetAddress literal(String text) {
    if (!text.matches("[0-9a-fA-F:.]+")) {
      throw new IllegalArgumentException(
          "probe source: " + text + " (expected: an address, not a name)");
    }
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("probe source: " + text + " (expected: an address)", e);
    }
  }
}
