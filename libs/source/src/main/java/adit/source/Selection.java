package adit.source;

import adit.source.object.Kind;
import java.util.Set;

/// What of an API server's objects a program watches: the less, the fewer rights and the less
/// memory it needs.
///
/// @param kinds the kinds; the others count as empty
/// @param node the node whose pods are watched, empty for those of all nodes
public record Selection(Set<Kind> kinds, String node) {
  /// What a control plane reads.
  public static final Selection CONTROL_PLANE = new Selection(KubernetesKinds.read(), "");

  public Selection {
    kinds = Set.copyOf(kinds);
  }

  /// What the agent of a node reads: who is in the mesh there, and what may be in its way.
  public static Selection ofNode(String node) {
    return new Selection(Set.of(Kind.NAMESPACE, Kind.POD, Kind.NETWORK_POLICY), node);
  }
}
