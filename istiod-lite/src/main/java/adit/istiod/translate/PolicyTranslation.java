package adit.istiod.translate;

import adit.protos.security.Action;
import adit.protos.security.Address;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.Scope;
import adit.protos.security.ServiceAccountMatch;
import adit.protos.security.StringMatch;
import adit.source.object.AuthorizationPolicy;
import adit.source.object.AuthorizationPolicy.Condition;
import adit.source.object.AuthorizationPolicy.Operation;
import adit.source.object.AuthorizationPolicy.Source;
import adit.source.object.AuthorizationPolicy.Values;
import adit.source.object.IpRange;
import adit.source.object.TextForm;
import com.google.protobuf.Empty;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One AuthorizationPolicy as the node's proxies enforce it, and what of it they cannot.
///
/// What a layer-4 proxy cannot see never lets more through: an ALLOW rule that needs it is left out
/// (and a policy left without rules allows nothing), a DENY rule is enforced without it, and so
/// refuses all that it may mean. Either is reported. Not one instance's state leaves it: a fresh
/// one is made per policy.
final class PolicyTranslation {
  // An empty match is skipped, so a clause of nothing else is false.
  private static final Match NEVER = Match.getDefaultInstance();

  private static final int LONGEST_SHOWN = 100;

  private final AuthorizationPolicy policy;
  private final Set<String> unseen = new TreeSet<>();
  private final List<String> invalid = new ArrayList<>();
  // Of the rule at hand.
  private final Set<String> unseenInRule = new TreeSet<>();
  private final List<String> invalidInRule = new ArrayList<>();

  private PolicyTranslation(AuthorizationPolicy policy) {
    this.policy = policy;
  }

  /// @param policy null if it is not for the node's proxies
  /// @param report null if somebody else reports it (a policy with targets)
  record Outcome(@Nullable Authorization policy, Translated.@Nullable PolicyReport report) {}

  static Outcome translate(AuthorizationPolicy policy, MeshSettings mesh) {
    boolean dryRun = policy.meta().annotation("istio.io/dry-run").equals("true");
    if (dryRun && !mesh.dryRun()) {
      return refused(
          policy, "dry-run is not enabled (AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY)");
    }
    if (!policy.targets().isEmpty()) {
      return new Outcome(null, null);
    }
    return switch (policy.action()) {
      case CUSTOM, AUDIT ->
          refused(policy, "ztunnel does not support the " + policy.action() + " action");
      case ALLOW, DENY -> new PolicyTranslation(policy).enforced(mesh, dryRun);
    };
  }

  /// Of each rule the clauses that say whose traffic it is about, as far as a layer-4 proxy can see
  /// that. What it cannot see is left out, so that a rule is about more, never about less.
  static List<List<Clause>> sources(AuthorizationPolicy policy) {
    PolicyTranslation translation = new PolicyTranslation(policy);
    return policy.rules().stream().map(translation::sources).toList();
  }

  private List<Clause> sources(AuthorizationPolicy.Rule rule) {
    List<Clause> clauses = new ArrayList<>();
    any(rule.from(), this::sourceOrNull)
        .filter(from -> !from.getMatchesList().contains(NEVER))
        .ifPresent(clauses::add);
    for (Condition condition : rule.when()) {
      Match match = condition.key().startsWith("source.") ? conditionOrNull(condition) : null;
      if (match != null && !match.equals(NEVER)) {
        clauses.add(Clause.newBuilder().addMatches(match).build());
      }
    }
    return clauses;
  }

  private static Outcome refused(AuthorizationPolicy policy, String message) {
    return new Outcome(null, report(policy, /* accepted= */ false, /* whole= */ false, message));
  }

  private static Translated.PolicyReport report(
      AuthorizationPolicy policy, boolean accepted, boolean whole, String message) {
    return new Translated.PolicyReport(
        policy.key(),
        policy.meta().generation(),
        accepted,
        whole,
        whole ? "Accepted" : "UnsupportedValue",
        message);
  }

  private Outcome enforced(MeshSettings mesh, boolean dryRun) {
    boolean deny = policy.action() == AuthorizationPolicy.Action.DENY;
    Scope scope =
        policy.selector() != null
            ? Scope.WORKLOAD_SELECTOR
            : policy.meta().namespace().equals(mesh.rootNamespace())
                ? Scope.GLOBAL
                : Scope.NAMESPACE;
    Authorization.Builder wire =
        Authorization.newBuilder()
            .setNamespace(policy.meta().namespace())
            .setName(policy.meta().name())
            .setScope(scope)
            .setAction(deny ? Action.DENY : Action.ALLOW)
            .setDryRun(dryRun);
    for (AuthorizationPolicy.Rule rule : policy.rules()) {
      Rule translated = ruleOrNull(rule, deny);
      if (translated != null) {
        wire.addRules(translated);
      }
    }
    return new Outcome(wire.build(), report(deny));
  }

  private Translated.PolicyReport report(boolean deny) {
    if (unseen.isEmpty() && invalid.isEmpty()) {
      return report(policy, /* accepted= */ true, /* whole= */ true, "attached to ztunnel");
    }
    StringBuilder message = new StringBuilder();
    if (!unseen.isEmpty()) {
      message
          .append("ztunnel does not support HTTP attributes (found: ")
          .append(String.join(", ", unseen))
          .append("). In ambient mode you must use a waypoint proxy to enforce HTTP rules.")
          .append(
              deny
                  ? " These DENY rules are enforced without them: all traffic that they may mean is"
                      + " refused."
                  : " Within an ALLOW policy, rules matching HTTP attributes are omitted. This will"
                      + " be more restrictive than requested.");
    }
    if (!invalid.isEmpty()) {
      message.append(message.isEmpty() ? "" : " ").append(String.join("; ", invalid));
    }
    return report(policy, /* accepted= */ true, /* whole= */ false, message.toString());
  }

  /// Null: left out. A rule without clauses matches everything, which is another thing.
  private @Nullable Rule ruleOrNull(AuthorizationPolicy.Rule rule, boolean deny) {
    unseenInRule.clear();
    invalidInRule.clear();
    Rule.Builder wire = Rule.newBuilder();
    any(rule.to(), this::operationOrNull).ifPresent(wire::addClauses);
    any(rule.from(), this::sourceOrNull).ifPresent(wire::addClauses);
    for (Condition condition : rule.when()) {
      Match match = conditionOrNull(condition);
      if (match != null) {
        wire.addClauses(Clause.newBuilder().addMatches(match));
      }
    }
    unseenInRule.addAll(rule.unknown());
    unseen.addAll(unseenInRule);
    invalid.addAll(invalidInRule);
    boolean whole = unseenInRule.isEmpty() && invalidInRule.isEmpty();
    if (!whole && !deny) {
      return null;
    }
    return wire.build();
  }

  /// A clause of which one match must hold, or nothing if that is certain.
  private static <T> Optional<Clause> any(List<T> all, Function<T, @Nullable Match> translation) {
    Clause.Builder clause = Clause.newBuilder();
    boolean certain = false;
    for (T one : all) {
      Match match = translation.apply(one);
      if (match == null) {
        certain = true;
      } else {
        clause.addMatches(match);
      }
    }
    return certain || all.isEmpty() ? Optional.empty() : Optional.of(clause.build());
  }

  /// Null: nothing of it can be seen, so it may mean all.
  private @Nullable Match operationOrNull(Operation operation) {
    Match.Builder match = Match.newBuilder();
    ports(operation.ports(), match::addDestinationPorts, match::addNotDestinationPorts);
    return asFarAsSeenOrNull(match.build(), operation.unsupported());
  }

  private @Nullable Match asFarAsSeenOrNull(Match match, Collection<String> unseenInMatch) {
    unseenInRule.addAll(unseenInMatch);
    return match.equals(NEVER) && !unseenInMatch.isEmpty() ? null : match;
  }

  private @Nullable Match sourceOrNull(Source source) {
    Match.Builder match = Match.newBuilder();
    strings("principals", source.principals(), match::addPrincipals, match::addNotPrincipals);
    strings("namespaces", source.namespaces(), match::addNamespaces, match::addNotNamespaces);
    ips("ipBlocks", source.ipBlocks(), match::addSourceIps, match::addNotSourceIps);
    Values accounts = source.serviceAccounts();
    accounts.values().forEach(text -> account(text, match::addServiceAccounts));
    accounts.notValues().forEach(text -> account(text, match::addNotServiceAccounts));
    return asFarAsSeenOrNull(match.build(), source.unsupported());
  }

  private @Nullable Match conditionOrNull(Condition condition) {
    Match.Builder match = Match.newBuilder();
    Values values = condition.values();
    switch (condition.key()) {
      case "source.ip" -> ips("source.ip", values, match::addSourceIps, match::addNotSourceIps);
      case "source.namespace" ->
          strings("source.namespace", values, match::addNamespaces, match::addNotNamespaces);
      case "source.principal" ->
          strings("source.principal", values, match::addPrincipals, match::addNotPrincipals);
      case "destination.ip" ->
          ips("destination.ip", values, match::addDestinationIps, match::addNotDestinationIps);
      case "destination.port" ->
          ports(values, match::addDestinationPorts, match::addNotDestinationPorts);
      default -> {
        unseenInRule.add(condition.key());
        return null;
      }
    }
    return match.build();
  }

  private void ports(Values values, Consumer<Integer> is, Consumer<Integer> isNot) {
    values.values().forEach(text -> port(text, is));
    values.notValues().forEach(text -> port(text, isNot));
  }

  private void port(String text, Consumer<Integer> to) {
    if (isGood("port", text, TextForm.PORT)) {
      to.accept(TextForm.portOrZero(text));
    }
  }

  private void ips(String field, Values values, Consumer<Address> is, Consumer<Address> isNot) {
    values.values().forEach(text -> ip(field, text, is));
    values.notValues().forEach(text -> ip(field, text, isNot));
  }

  private void ip(String field, String text, Consumer<Address> to) {
    IpRange range = IpRange.parseOrNull(text);
    if (range != null) {
      to.accept(
          Address.newBuilder()
              .setAddress(Bytes.of(range.base()))
              .setLength(range.length())
              .build());
    } else {
      var _ = isGood(field, text, TextForm.RANGE);
    }
  }

  private void strings(
      String field, Values values, Consumer<StringMatch> is, Consumer<StringMatch> isNot) {
    values.values().forEach(text -> string(field, text, is));
    values.notValues().forEach(text -> string(field, text, isNot));
  }

  private void string(String field, String text, Consumer<StringMatch> to) {
    if (isGood(field, text, TextForm.SOME)) {
      to.accept(string(text));
    }
  }

  /// What is not is left out of its rule, which is one in part then.
  private boolean isGood(String field, String text, TextForm form) {
    boolean good = form.test().test(text);
    if (!good) {
      invalidInRule.add(
          field + ": \"" + shortened(text) + "\" (expected: " + form.expected() + ")");
    }
    return good;
  }

  private static String shortened(String text) {
    return text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "..." : text;
  }

  private static StringMatch string(String text) {
    StringMatch.Builder match = StringMatch.newBuilder();
    if (text.equals("*")) {
      return match.setPresence(Empty.getDefaultInstance()).build();
    }
    if (text.startsWith("*")) {
      return match.setSuffix(text.substring(1)).build();
    }
    return text.endsWith("*")
        ? match.setPrefix(text.substring(0, text.length() - 1)).build()
        : match.setExact(text).build();
  }

  private void account(String text, Consumer<ServiceAccountMatch> to) {
    if (isGood("serviceAccounts", text, TextForm.ACCOUNT)) {
      int slash = text.indexOf('/');
      to.accept(
          ServiceAccountMatch.newBuilder()
              .setNamespace(slash < 0 ? policy.meta().namespace() : text.substring(0, slash))
              .setServiceAccount(text.substring(slash + 1))
              .build());
    }
  }
}
