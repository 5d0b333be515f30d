package adit.source.object;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A NetworkPolicy (networking.k8s.io): the mesh does not enforce it, but it decides whether the
/// mesh's own port can be reached.
///
/// @param meta the metadata
/// @param pods the pods of its namespace that it isolates
/// @param ingress what may come in, null if it says nothing about that direction
/// @param egress what may go out, null if it says nothing about that direction
public record NetworkPolicy(
    ObjectMeta meta, LabelSelector pods, @Nullable List<Rule> ingress, @Nullable List<Rule> egress)
    implements KubeObject {
  public NetworkPolicy {
    ingress = ingress == null ? null : List.copyOf(ingress);
    egress = egress == null ? null : List.copyOf(egress);
  }

  @Override
  public Kind kind() {
    return Kind.NETWORK_POLICY;
  }

  /// One rule: these ports, for these peers.
  ///
  /// @param ports empty means all
  /// @param peers how the rule writes its peers, as JSON; empty means everybody
  public record Rule(List<Port> ports, String peers) {
    public Rule {
      ports = List.copyOf(ports);
    }

    /// Whether a TCP port with this number may be used.
    ///
    /// @param number a port that no container gives a name
    public boolean admits(int number) {
      return ports.isEmpty() || ports.stream().anyMatch(port -> port.includes(number));
    }

    /// Whether any TCP port may be used.
    public boolean admitsSomeTcp() {
      return ports.isEmpty() || ports.stream().anyMatch(port -> port.protocol().equals("TCP"));
    }
  }

  /// Ports of a rule.
  ///
  /// @param protocol `TCP`, `UDP` or `SCTP`
  /// @param first number of the first, 0 for all, -1 if it is given by name
  /// @param last number of the last
  public record Port(String protocol, int first, int last) {
    boolean includes(int number) {
      return protocol.equals("TCP") && (first == 0 || (first <= number && number <= last));
    }
  }
}
