package adit.source.admit;

import adit.source.ClusterView;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.Condition;
import adit.source.object.AuthorizationPolicy.Rule;
import adit.source.object.AuthorizationPolicy.Source;
import adit.source.object.AuthorizationPolicy.Values;
import adit.source.object.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The order trap: layer-4 policies that were right until a waypoint came. They allow clients, and
/// what arrives now is the waypoint. Pure.
///
/// @param view for the policies
/// @param mesh for names
public record OrderTrap(ClusterView view, Mesh mesh) {
  /// What is the same for the whole mesh.
  ///
  /// @param trustDomain of all identities
  /// @param rootNamespace policies there hold for the whole mesh
  /// @param revision of the control plane; policies that are labelled for another do not count
  public record Mesh(String trustDomain, String rootNamespace, String revision) {
    /// An identity as policies name it.
    public String principal(String namespace, String account) {
      return trustDomain + "/ns/" + namespace + "/sa/" + account;
    }
  }

  /// The ALLOW policies that hold for a service's workloads, if none of them lets its waypoint
  /// through; empty if all is well. Policies that choose by labels which the service does not ask
  /// for are not looked at.
  ///
  /// @param namespace of the waypoint
  /// @param accounts it runs under
  public List<AuthorizationPolicy> of(Service service, String namespace, Set<String> accounts) {
    List<AuthorizationPolicy> holding = new ArrayList<>();
    for (AuthorizationPolicy policy : view.authorizationPolicies().values()) {
      if (holds(policy, service)) {
        if (policy.rules().stream().anyMatch(rule -> admits(policy, rule, namespace, accounts))) {
          return List.of();
        }
        holding.add(policy);
      }
    }
    holding.sort((one, other) -> one.key().compareTo(other.key()));
    return holding;
  }

  private boolean holds(AuthorizationPolicy policy, Service service) {
    String own = policy.meta().namespace();
    Map<String, String> selector = policy.selector();
    return policy.action() == AuthorizationPolicy.Action.ALLOW
        && policy.targets().isEmpty()
        && isOurs(policy)
        && !policy.meta().annotation("istio.io/dry-run").equals("true")
        && (own.equals(service.meta().namespace()) || own.equals(mesh.rootNamespace()))
        && (selector == null || service.selector().entrySet().containsAll(selector.entrySet()));
  }

  private boolean isOurs(AuthorizationPolicy policy) {
    String wanted = policy.meta().label("istio.io/rev");
    return wanted.isEmpty() || wanted.equals(mesh.revision());
  }

  private boolean admits(
      AuthorizationPolicy policy, Rule rule, String namespace, Set<String> accounts) {
    boolean unseen =
        !rule.unknown().isEmpty()
            || rule.to().stream().anyMatch(to -> !to.unsupported().isEmpty())
            || rule.from().stream().anyMatch(from -> !from.unsupported().isEmpty());
    if (unseen) {
      // Such a rule is left out at layer 4.
      return false;
    }
    return accounts.stream()
        .anyMatch(account -> {
          Caller caller = new Caller(mesh, namespace, account);
          return (rule.from().isEmpty()
                  || rule.from().stream().anyMatch(from -> caller.is(from, policy)))
              && rule.when().stream().allMatch(caller::satisfies);
        });
  }

  /// An identity.
  private record Caller(Mesh mesh, String namespace, String account) {
    String principal() {
      return mesh.principal(namespace, account);
    }

    boolean is(Source source, AuthorizationPolicy policy) {
      return agrees(source.principals(), principal())
          && agrees(source.namespaces(), namespace)
          && agrees(
              qualified(source.serviceAccounts(), policy.meta().namespace()),
              namespace + "/" + account);
    }

    boolean satisfies(Condition condition) {
      return switch (condition.key()) {
        case "source.principal" -> agrees(condition.values(), principal());
        case "source.namespace" -> agrees(condition.values(), namespace);
        default -> true;
      };
    }

    private static Values qualified(Values accounts, String own) {
      return new Values(
          accounts.values().stream().map(one -> qualified(one, own)).toList(),
          accounts.notValues().stream().map(one -> qualified(one, own)).toList());
    }

    private static String qualified(String account, String own) {
      return account.indexOf('/') < 0 ? own + "/" + account : account;
    }

    private static boolean agrees(Values values, String text) {
      return (values.values().isEmpty()
              || values.values().stream().anyMatch(one -> matches(one, text)))
          && values.notValues().stream().noneMatch(one -> matches(one, text));
    }

    private static boolean matches(String pattern, String text) {
      if (pattern.equals("*")) {
        return true;
      }
      if (pattern.startsWith("*")) {
        return text.endsWith(pattern.substring(1));
      }
      return pattern.endsWith("*")
          ? text.startsWith(pattern.substring(0, pattern.length() - 1))
          : text.equals(pattern);
    }
  }
}
