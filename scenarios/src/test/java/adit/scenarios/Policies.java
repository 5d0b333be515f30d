package adit.scenarios;

import adit.protos.security.Action;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.Scope;
import adit.protos.security.StringMatch;
import com.google.protobuf.Empty;

/// Policies as a control plane sends them.
final class Policies {
  private Policies() {}

  /// For all workloads of a namespace, without rules.
  static Authorization.Builder of(String namespace, String name, Action action) {
    return Authorization.newBuilder()
        .setNamespace(namespace)
        .setName(name)
        .setScope(Scope.NAMESPACE)
        .setAction(action);
  }

  /// One rule that is one match.
  static Rule rule(Match.Builder match) {
    return Rule.newBuilder().addClauses(Clause.newBuilder().addMatches(match)).build();
  }

  /// Connections to a port of the application.
  static Rule port(int port) {
    return rule(Match.newBuilder().addDestinationPorts(port));
  }

  /// Connections of a principal.
  static Rule principal(String principal) {
    return rule(Match.newBuilder().addPrincipals(StringMatch.newBuilder().setExact(principal)));
  }

  /// What a control plane makes of PeerAuthentication STRICT: whoever has no identity is denied. It
  /// counts for the workloads that name it.
  static Authorization strict(String namespace, String name) {
    return of(namespace, name, Action.DENY)
        .setScope(Scope.WORKLOAD_SELECTOR)
        .addRules(
            rule(
                Match.newBuilder()
                    .addNotPrincipals(
                        StringMatch.newBuilder().setPresence(Empty.getDefaultInstance()))))
        .build();
  }
}
