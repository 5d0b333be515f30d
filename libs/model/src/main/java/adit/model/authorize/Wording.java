package adit.model.authorize;

import adit.model.IpText;
import adit.model.Policy;
import adit.model.Policy.Match;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Policies and connections in the words of a policy's author.
final class Wording {
  private static final int MAX_ALTERNATIVES = 4;

  private Wording() {}

  static String connection(Connection connection) {
    String principal = connection.principal();
    return (principal == null ? "no identity (plaintext)" : "principal " + principal)
        + " from "
        + IpText.of(connection.sourceIp())
        + " to port "
        + connection.destinationPort();
  }

  /// What the rule of a DENY policy that matched would have let through.
  static String opposite(Policy policy, int rule, Connection connection) {
    List<Policy.Clause> clauses = policy.rules().get(rule).clauses();
    if (clauses.isEmpty()) {
      return "nothing (the rule denies all)";
    }
    boolean onlyIdentity =
        connection.source() == null
            && clauses.stream()
                .flatMap(clause -> clause.matches().stream())
                .anyMatch(match ->
                    match.principals().isNot().stream()
                        .anyMatch(StringMatch.Presence.class::isInstance));
    if (onlyIdentity) {
      return "mutual TLS (any principal)";
    }
    return "not [" + rule(policy.rules().get(rule)) + "]";
  }

  /// What a set of ALLOW policies would have let through.
  static String alternatives(List<Policy> policies) {
    // A refusal must stay cheap, however many policies there are: only what is shown is rendered.
    int count = policies.stream().mapToInt(policy -> policy.rules().size()).sum();
    if (count == 0) {
      return "nothing (no rule allows anything)";
    }
    String shown =
        policies.stream()
            .flatMap(policy -> policy.rules().stream())
            .limit(MAX_ALTERNATIVES)
            .map(Wording::rule)
            .collect(Collectors.joining(" or "));
    return count > MAX_ALTERNATIVES ? shown + " or " + (count - MAX_ALTERNATIVES) + " more" : shown;
  }

  private static String rule(Policy.Rule rule) {
    if (rule.clauses().isEmpty()) {
      return "anything";
    }
    return rule.clauses().stream()
        .map(clause ->
            clause.matches().stream()
                .limit(MAX_ALTERNATIVES)
                .map(Wording::match)
                .collect(Collectors.joining(" or ")))
        .collect(Collectors.joining(" and "));
  }

  private static String match(Match match) {
    List<String> parts = new ArrayList<>();
    add(parts, "namespaces", match.namespaces(), StringMatch::render);
    add(
        parts,
        "serviceAccounts",
        match.serviceAccounts(),
        account -> account.namespace() + "/" + account.name());
    add(parts, "principals", match.principals(), StringMatch::render);
    add(parts, "ipBlocks", match.sourceIps(), Object::toString);
    add(parts, "destination.ip", match.destinationIps(), Object::toString);
    add(parts, "ports", match.destinationPorts(), Object::toString);
    return parts.isEmpty() ? "nothing" : String.join(" ", parts);
  }

  private static <T> void add(
      List<String> parts, String kind, Values<T> values, Function<T, String> render) {
    if (!values.is().isEmpty()) {
      parts.add(kind + "=" + list(values.is(), render));
    }
    if (!values.isNot().isEmpty()) {
      parts.add("not " + kind + "=" + list(values.isNot(), render));
    }
  }

  private static <T> String list(List<T> values, Function<T, String> render) {
    String shown =
        values.stream().limit(MAX_ALTERNATIVES).map(render).collect(Collectors.joining(","));
    return values.size() > MAX_ALTERNATIVES ? shown + ",..." : shown;
  }
}
