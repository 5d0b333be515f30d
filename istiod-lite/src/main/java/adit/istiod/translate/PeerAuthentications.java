package adit.istiod.translate;

import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.Scope;
import adit.protos.security.StringMatch;
import adit.source.ClusterView;
import adit.source.object.PeerAuthentication;
import adit.source.object.PeerAuthentication.Mode;
import com.google.protobuf.Empty;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which workloads refuse plaintext, on which ports. Expressed as DENY policies on connections
/// without a principal.
///
/// The mode of a workload is that of the oldest policy that selects it, else of its namespace, else
/// of the mesh; UNSET asks the wider one. Ports are exceptions of the policy that selects the
/// workload. DISABLE is PERMISSIVE: there is no port without capture.
final class PeerAuthentications {
  static final String STATIC = "istio_converted_static_strict";
  private static final String CONVERTED = "converted_peer_authentication_";

  private final MeshSettings mesh;
  private final @Nullable PeerAuthentication meshWide;
  private final Map<String, PeerAuthentication> namespaceWide = new HashMap<>();
  private final List<PeerAuthentication> selecting = new ArrayList<>();
  private final LabelIndex<PeerAuthentication> oldestFirst = new LabelIndex<>();
  private final boolean any;

  PeerAuthentications(ClusterView view, MeshSettings mesh) {
    this.mesh = mesh;
    List<PeerAuthentication> all = new ArrayList<>(view.peerAuthentications().values());
    all.removeIf(policy -> !mesh.isOurs(policy.meta()));
    all.sort(
        Comparator.comparing((PeerAuthentication policy) -> policy.meta().creation())
            .thenComparing(policy -> policy.key()));
    any = !all.isEmpty();
    PeerAuthentication wide = null;
    for (PeerAuthentication policy : all) {
      boolean root = policy.meta().namespace().equals(mesh.rootNamespace());
      Map<String, String> selector = policy.selector();
      if (selector == null) {
        wide = root && wide == null ? policy : wide;
        namespaceWide.putIfAbsent(policy.meta().namespace(), policy);
      } else if (!root) {
        selecting.add(policy);
        oldestFirst.add(policy.meta().namespace(), selector, policy);
      }
    }
    meshWide = wide;
  }

  /// The policies that say it, by key.
  Map<String, Authorization> policies() {
    Map<String, Authorization> policies = new HashMap<>();
    if (any) {
      policies.put(staticKey(), strict(mesh.rootNamespace(), STATIC, List.of(rule(plaintext()))));
    }
    for (PeerAuthentication policy : selecting) {
      Authorization converted = convertedOrNull(policy);
      if (converted != null) {
        policies.put(convertedKey(policy), converted);
      }
    }
    return policies;
  }

  /// The key that a workload lists, or null if it takes plaintext.
  @Nullable String keyOrNull(String namespace, Map<String, String> labels) {
    List<PeerAuthentication> own = oldestFirst.matching(namespace, labels);
    return own.isEmpty()
        ? inherited(namespace) == Mode.STRICT ? staticKey() : null
        : keyOrNull(own.getFirst());
  }

  private @Nullable String keyOrNull(PeerAuthentication own) {
    if (convertedOrNull(own) != null) {
      return convertedKey(own);
    }
    return modeOf(own) == Mode.STRICT ? staticKey() : null;
  }

  private String staticKey() {
    return mesh.rootNamespace() + "/" + STATIC;
  }

  private static String convertedKey(PeerAuthentication policy) {
    return policy.meta().namespace() + "/" + CONVERTED + policy.meta().name();
  }

  private Mode inherited(String namespace) {
    PeerAuthentication ofNamespace = namespaceWide.get(namespace);
    if (ofNamespace != null && ofNamespace.mode() != Mode.UNSET) {
      return ofNamespace.mode();
    }
    return meshWide == null ? Mode.PERMISSIVE : meshWide.mode();
  }

  private Mode modeOf(PeerAuthentication own) {
    return own.mode() == Mode.UNSET ? inherited(own.meta().namespace()) : own.mode();
  }

  /// Null: the policy has no port that differs from its mode.
  private @Nullable Authorization convertedOrNull(PeerAuthentication policy) {
    boolean strict = modeOf(policy) == Mode.STRICT;
    SortedSet<Integer> exceptions = new TreeSet<>();
    policy
        .portModes()
        .forEach((port, mode) -> {
          if (mode != Mode.UNSET && (mode == Mode.STRICT) != strict) {
            exceptions.add(port);
          }
        });
    if (exceptions.isEmpty()) {
      return null;
    }
    List<Rule> rules = new ArrayList<>();
    if (strict) {
      // One rule, so that both must hold: plaintext, and to none of these ports.
      Rule.Builder rule = Rule.newBuilder().addClauses(clause(plaintext()));
      for (int port : exceptions) {
        rule.addClauses(clause(Match.newBuilder().addNotDestinationPorts(port)));
      }
      rules.add(rule.build());
    } else {
      for (int port : exceptions) {
        rules.add(rule(plaintext().addDestinationPorts(port)));
      }
    }
    return strict(policy.meta().namespace(), CONVERTED + policy.meta().name(), rules);
  }

  private static Authorization strict(String namespace, String name, List<Rule> rules) {
    return Authorization.newBuilder()
        .setNamespace(namespace)
        .setName(name)
        .setScope(Scope.WORKLOAD_SELECTOR)
        .setAction(Action.DENY)
        .addAllRules(rules)
        .build();
  }

  private static Match.Builder plaintext() {
    return Match.newBuilder()
        .addNotPrincipals(StringMatch.newBuilder().setPresence(Empty.getDefaultInstance()));
  }

  private static Rule rule(Match.Builder match) {
    return Rule.newBuilder().addClauses(clause(match)).build();
  }

  private static Clause clause(Match.Builder match) {
    return Clause.newBuilder().addMatches(match).build();
  }
}
