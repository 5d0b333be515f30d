package adit.source;

import adit.source.object.Kind;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What of an API server's objects a program watches: the less, the fewer rights and the less
/// memory it needs.
///
/// @param kinds the kinds; the others count as empty
/// @param node the node whose pods are watched, empty for those of all nodes
/// @param system the namespace whose ConfigMap [#MESH] is watched, the only one
public record Selection(Set<Kind> kinds, String node, String system) {
  /// The ConfigMap with the mesh's configuration.
  public static final String MESH = "istio";

  /// What a control plane in the usual namespace reads.
  public static final Selection CONTROL_PLANE = ofControlPlane("istio-system");

  public Selection {
    kinds = Set.copyOf(kinds);
  }

  /// What a control plane reads.
  ///
  /// @param system its own namespace
  public static Selection ofControlPlane(String system) {
    return new Selection(KubernetesKinds.read(), "", system);
  }

  /// What the agent of a node reads: who is in the mesh there, and what may be in its way.
  public static Selection ofNode(String node) {
    return new Selection(Set.of(Kind.NAMESPACE, Kind.POD, Kind.NETWORK_POLICY), node, "");
  }

  /// A part of the objects of a kind.
  ///
  /// @param namespace empty: all
  /// @param fields a field selector
  record Part(String namespace, @Nullable String fields) {}

  /// What is watched of a kind.
  Part of(Kind kind) {
    return switch (kind) {
      case POD -> new Part("", node.isEmpty() ? null : "spec.nodeName=" + node);
      case CONFIG_MAP -> new Part(system, "metadata.name=" + MESH);
      default -> new Part("", null);
    };
  }
}
