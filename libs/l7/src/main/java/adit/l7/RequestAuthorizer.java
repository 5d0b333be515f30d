package adit.l7;

import adit.l7.RequestPolicy.Action;
import adit.l7.RequestPolicy.Rule;
import adit.model.IpText;
import adit.model.SpiffeId;
import adit.model.authorize.Refusal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Decides about requests to one destination by the policies that are attached to it: a DENY that
/// matches refuses; if there are ALLOW policies, one of them must match. Pure.
///
/// Source: the AuthorizationPolicy API, "CUSTOM, DENY, then ALLOW": which CUSTOM policies match is
/// said here, asking their providers, first of all, is the caller's.
public final class RequestAuthorizer {
  private final List<RequestPolicy> policies;
  private final List<RequestPolicy> custom;
  private final boolean allows;

  /// @param attached all that are attached, in any order
  public RequestAuthorizer(List<RequestPolicy> attached) {
    policies =
        attached.stream()
            .sorted(
                Comparator.comparing(RequestPolicy::action)
                    .thenComparing(RequestPolicy::namespace)
                    .thenComparing(RequestPolicy::name))
            .toList();
    custom =
        policies.stream().filter(one -> one.action() == Action.CUSTOM && !one.dryRun()).toList();
    allows = attached.stream().anyMatch(one -> one.action() == Action.ALLOW && !one.dryRun());
  }

  /// The CUSTOM policies that match: somebody else is to be asked before [#check].
  public List<RequestPolicy> custom(RequestFacts facts) {
    return custom.isEmpty()
        ? custom
        : custom.stream().filter(policy -> matching(policy, facts) >= 0).toList();
  }

  /// Decides, but for CUSTOM.
  public RequestVerdict check(RequestFacts facts) {
    if (policies.isEmpty()) {
      return NOTHING_SAID;
    }
    List<String> notes = new ArrayList<>(0);
    boolean allowed = !allows;
    RequestVerdict.Denied denied = null;
    for (RequestPolicy policy : policies) {
      int rule = matching(policy, facts);
      if (rule < 0) {
        continue;
      }
      if (policy.dryRun() || policy.action() == Action.AUDIT) {
        notes.add(
            (policy.dryRun() ? "dry run: " : "")
                + policy.action()
                + " "
                + policy.key()
                + " matches, rule "
                + rule);
        continue;
      }
      switch (policy.action()) {
        case ALLOW -> allowed = true;
        case DENY -> {
          if (denied == null) {
            denied = new RequestVerdict.Denied(explicitly(policy, rule, facts), List.of());
          }
        }
        case AUDIT, CUSTOM -> {
          // Told above; asked before.
        }
      }
    }
    if (denied != null) {
      return new RequestVerdict.Denied(denied.refusal(), notes);
    }
    return allowed
        ? new RequestVerdict.Allowed(notes)
        : new RequestVerdict.Denied(noneAllowed(facts), notes);
  }

  private static final RequestVerdict NOTHING_SAID = new RequestVerdict.Allowed(List.of());

  /// The first rule that matches, or -1.
  private static int matching(RequestPolicy policy, RequestFacts facts) {
    List<Rule> rules = policy.rules();
    boolean widen = policy.action() != Action.ALLOW;
    for (int i = 0; i < rules.size(); i++) {
      if (RequestConditions.matches(rules.get(i), facts, widen)) {
        return i;
      }
    }
    return -1;
  }

  private static Refusal explicitly(RequestPolicy policy, int rule, RequestFacts facts) {
    return new Refusal(
        "",
        Refusal.Stage.AUTHORIZE,
        policy.key(),
        Integer.toString(rule),
        "no request that DENY " + policy.key() + " matches",
        seen(facts),
        peer(facts));
  }

  private Refusal noneAllowed(RequestFacts facts) {
    List<String> names =
        policies.stream()
            .filter(one -> one.action() == Action.ALLOW && !one.dryRun())
            .map(RequestPolicy::key)
            .toList();
    return new Refusal(
        "",
        Refusal.Stage.AUTHORIZE,
        names.getFirst(),
        "",
        "a match of ALLOW " + String.join(" or ", names),
        seen(facts),
        peer(facts));
  }

  private static String seen(RequestFacts facts) {
    SpiffeId source = facts.source();
    String who = source == null ? "no identity" : source.principal();
    Token token = facts.token();
    String bearer = token == null ? "" : ", token of " + token.principal();
    String what =
        facts.isHttp()
            ? facts.method() + " " + facts.authority() + facts.path()
            : "a connection that is not HTTP, port " + facts.port();
    return what + " from " + who + bearer;
  }

  private static String peer(RequestFacts facts) {
    return IpText.of(facts.sourceAddress());
  }

  /// The policies, DENY before ALLOW.
  public List<RequestPolicy> policies() {
    return policies;
  }

  /// Whether one of the policies is this.
  public @Nullable RequestPolicy policyOrNull(String key) {
    return policies.stream().filter(one -> one.key().equals(key)).findFirst().orElse(null);
  }
}
