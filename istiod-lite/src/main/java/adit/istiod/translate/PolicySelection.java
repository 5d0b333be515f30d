package adit.istiod.translate;

import adit.source.object.AuthorizationPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which policies a workload has to list: those with a selector, and what PeerAuthentication says.
final class PolicySelection {
  private record Selecting(String key, Map<String, String> selector) {}

  private final String rootNamespace;
  private final PeerAuthentications peers;
  private final Map<String, List<Selecting>> byNamespace = new HashMap<>();

  /// @param sent the policies that the node's proxies get
  PolicySelection(
      Collection<AuthorizationPolicy> sent, PeerAuthentications peers, MeshSettings mesh) {
    this.rootNamespace = mesh.rootNamespace();
    this.peers = peers;
    for (AuthorizationPolicy policy : sent) {
      Map<String, String> selector = policy.selector();
      if (selector != null) {
        byNamespace
            .computeIfAbsent(policy.meta().namespace(), _ -> new ArrayList<>())
            .add(new Selecting(policy.meta().namespace() + "/" + policy.meta().name(), selector));
      }
    }
  }

  /// Keys, sorted.
  List<String> keys(String namespace, Map<String, String> labels) {
    Set<String> keys = new TreeSet<>();
    add(keys, byNamespace.getOrDefault(namespace, List.of()), labels);
    if (!namespace.equals(rootNamespace)) {
      add(keys, byNamespace.getOrDefault(rootNamespace, List.of()), labels);
    }
    @Nullable String strict = peers.keyOrNull(namespace, labels);
    if (strict != null) {
      keys.add(strict);
    }
    return List.copyOf(keys);
  }

  private static void add(Set<String> keys, List<Selecting> policies, Map<String, String> labels) {
    for (Selecting policy : policies) {
      if (labels.entrySet().containsAll(policy.selector().entrySet())) {
        keys.add(policy.key());
      }
    }
  }
}
