package adit.cni.agent.rules;

import java.util.List;

/// How one pod is captured.
///
/// @param inbound whether connections into the pod are captured
/// @param virtualInterfaces interfaces of the pod behind which there are other machines, whose
///   traffic counts as the pod's own outgoing traffic (`istio.io/reroute-virtual-interfaces`)
/// @param families which address families are captured
/// @param exclusions what is not captured
public record PodOptions(
    Inbound inbound, List<String> virtualInterfaces, Families families, Exclusions exclusions) {
  /// The usual pod.
  public static final PodOptions DEFAULT =
      new PodOptions(Inbound.CAPTURED, List.of(), Families.BOTH, Exclusions.NONE);

  /// `ambient.istio.io/bypass-inbound-capture`.
  public enum Inbound {
    /// Everything that is not in a tunnel passes the plaintext port.
    CAPTURED,
    /// Connections reach the application untouched: the pod is an ingress.
    BYPASSED
  }

  /// `AMBIENT_IPV6`.
  public enum Families {
    /// IPv4 and IPv6.
    BOTH,
    /// IPv6 is not captured.
    IPV4
  }

  /// Copies the names, which become part of rules, and checks them.
  public PodOptions {
    virtualInterfaces = List.copyOf(virtualInterfaces);
    for (String name : virtualInterfaces) {
      if (!name.matches("[A-Za-z0-9_.@:-]{1,15}")) {
        throw new IllegalArgumentException(
            "virtualInterfaces: "
                + name
                + " (expected: interface names of 1..15 letters, digits, '_', '.', '@', ':', '-')");
      }
    }
  }
}
