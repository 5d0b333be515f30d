package adit.istiod.translate;

import adit.source.object.AuthorizationPolicy;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which policies a workload has to list: those with a selector, and what PeerAuthentication says.
final class PolicySelection {
  private final String rootNamespace;
  private final PeerAuthentications peers;
  private final LabelIndex<String> selecting = new LabelIndex<>();

  /// @param sent the policies that the node's proxies get
  PolicySelection(
      Collection<AuthorizationPolicy> sent, PeerAuthentications peers, MeshSettings mesh) {
    this.rootNamespace = mesh.rootNamespace();
    this.peers = peers;
    for (AuthorizationPolicy policy : sent) {
      Map<String, String> selector = policy.selector();
      if (selector != null) {
        String namespace = policy.meta().namespace();
        selecting.add(namespace, selector, namespace + "/" + policy.meta().name());
      }
    }
  }

  /// Keys, sorted.
  List<String> keys(String namespace, Map<String, String> labels) {
    Set<String> keys = new TreeSet<>(selecting.matching(namespace, labels));
    if (!namespace.equals(rootNamespace)) {
      keys.addAll(selecting.matching(rootNamespace, labels));
    }
    @Nullable String strict = peers.keyOrNull(namespace, labels);
    if (strict != null) {
      keys.add(strict);
    }
    return List.copyOf(keys);
  }
}
