package adit.model;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One authorization policy. Immutable. Source: `istio.security.Authorization`.
///
/// A policy matches when any rule does (no rules: never); a rule when all its clauses do (no
/// clauses: always); a clause when any match does (no matches: always, only empty ones: never); a
/// match when each of its kinds does. Within a kind any value may match, and no negated one.
///
/// @param dryRun only logged, never enforced
public record Policy(
    String namespace, String name, Scope scope, Action action, List<Rule> rules, boolean dryRun) {
  /// Which workloads a policy is for.
  public enum Scope {
    /// All of them.
    GLOBAL,
    /// Those of its namespace.
    NAMESPACE,
    /// Those that list its key.
    WORKLOAD_SELECTOR
  }

  /// What a match means.
  public enum Action {
    ALLOW,
    DENY
  }

  /// Clauses that must all match.
  public record Rule(List<Clause> clauses) {
    public Rule {
      clauses = List.copyOf(clauses);
    }
  }

  /// Matches of which one must match.
  public record Clause(List<Match> matches) {
    public Clause {
      matches = List.copyOf(matches);
    }
  }

  /// Values of a kind: one of `is` (if any is given), and none of `isNot`.
  public record Values<T>(List<T> is, List<T> isNot) {
    public Values {
      is = List.copyOf(is);
      isNot = List.copyOf(isNot);
    }

    /// No condition.
    public static <T> Values<T> any() {
      return new Values<>(List.of(), List.of());
    }

    /// Whether there is no condition.
    public boolean isEmpty() {
      return is.isEmpty() && isNot.isEmpty();
    }
  }

  /// Conditions on one connection; all kinds must hold.
  ///
  /// @param principals compared with the peer's identity without `spiffe://`
  public record Match(
      Values<StringMatch> namespaces,
      Values<ServiceAccount> serviceAccounts,
      Values<StringMatch> principals,
      Values<Cidr> sourceIps,
      Values<Cidr> destinationIps,
      Values<Integer> destinationPorts) {
    /// No condition at all, which never matches.
    public static final Match EMPTY =
        new Match(
            Values.any(), Values.any(), Values.any(), Values.any(), Values.any(), Values.any());

    /// Whether there is no condition at all.
    public boolean isEmpty() {
      return namespaces.isEmpty()
          && serviceAccounts.isEmpty()
          && principals.isEmpty()
          && sourceIps.isEmpty()
          && destinationIps.isEmpty()
          && destinationPorts.isEmpty();
    }
  }

  /// A service account of any trust domain.
  public record ServiceAccount(String namespace, String name) {}

  /// A condition on a string.
  public sealed interface StringMatch {
    /// Equal.
    record Exact(String value) implements StringMatch {}

    /// Begins with.
    record Prefix(String value) implements StringMatch {}

    /// Ends with.
    record Suffix(String value) implements StringMatch {}

    /// Not empty.
    record Presence() implements StringMatch {}

    /// Whether it holds; null and empty are present to no condition.
    default boolean matches(@Nullable String text) {
      if (text == null) {
        return false;
      }
      return switch (this) {
        case Exact(var value) -> text.equals(value);
        case Prefix(var value) -> text.startsWith(value);
        case Suffix(var value) -> text.endsWith(value);
        case Presence() -> !text.isEmpty();
      };
    }

    /// As a policy's author writes it.
    default String render() {
      return switch (this) {
        case Exact(var value) -> value;
        case Prefix(var value) -> value + "*";
        case Suffix(var value) -> "*" + value;
        case Presence() -> "*";
      };
    }
  }

  public Policy {
    Objects.requireNonNull(name);
    rules = List.copyOf(rules);
  }

  /// The resource name: `namespace/name`.
  public String key() {
    return namespace + "/" + name;
  }
}
