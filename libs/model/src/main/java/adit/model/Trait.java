package adit.model;

import adit.model.Policy.Clause;
import adit.model.Policy.Match;
import adit.model.Policy.Rule;
import adit.model.Policy.StringMatch;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Something that a connection has, by which the policies that could match it are found.
///
/// Of each policy a set of traits is kept such that a connection without any of them cannot match
/// it. The set only narrows the search: what it finds is still evaluated in full, so a trait may be
/// coarser than the matcher that it stands for, never finer.
///
/// The order of the kinds is their strength: the first ones tell most connections apart.
///
/// @param value what identifies it within its kind; the kind itself when there is nothing to say
record Trait(Kind kind, Object value) {
  enum Kind {
    PRINCIPAL,
    SERVICE_ACCOUNT,
    NAMESPACE,
    SOURCE_IP,
    DESTINATION_IP,
    PLAINTEXT,
    PORT,
    IDENTIFIED,
    ANY
  }

  private static final Set<Trait> ANY = Set.of(of(Kind.ANY));
  private static final Set<Trait> IDENTIFIED = Set.of(of(Kind.IDENTIFIED));
  private static final Set<Trait> PLAINTEXT = Set.of(of(Kind.PLAINTEXT));

  private static Trait of(Kind kind) {
    return new Trait(kind, kind);
  }

  /// All traits of a connection.
  static List<Trait> of(
      @Nullable SpiffeId source, InetAddress sourceIp, InetAddress destinationIp, int port) {
    List<Trait> traits = new ArrayList<>(8);
    traits.add(of(Kind.ANY));
    traits.add(new Trait(Kind.SOURCE_IP, sourceIp));
    traits.add(new Trait(Kind.DESTINATION_IP, destinationIp));
    traits.add(new Trait(Kind.PORT, port));
    if (source == null) {
      traits.add(of(Kind.PLAINTEXT));
    } else {
      traits.add(of(Kind.IDENTIFIED));
      traits.add(new Trait(Kind.PRINCIPAL, source.principal()));
      traits.add(new Trait(Kind.NAMESPACE, source.namespace()));
      traits.add(
          new Trait(
              Kind.SERVICE_ACCOUNT,
              new Policy.ServiceAccount(source.namespace(), source.serviceAccount())));
    }
    return traits;
  }

  /// Traits of which a connection has one if the policy matches it; none if it matches nothing.
  static Set<Trait> needed(Policy policy) {
    Set<Trait> needed = new HashSet<>();
    for (Rule rule : policy.rules()) {
      needed.addAll(needed(rule));
    }
    return needed.containsAll(ANY) ? ANY : needed;
  }

  /// All clauses must match, so the most telling one is enough to look for.
  private static Set<Trait> needed(Rule rule) {
    Set<Trait> best = ANY;
    for (Clause clause : rule.clauses()) {
      if (!clause.matches().isEmpty()) {
        best = stronger(best, needed(clause));
      }
    }
    return best;
  }

  private static Set<Trait> needed(Clause clause) {
    Set<Trait> needed = new HashSet<>();
    for (Match match : clause.matches()) {
      if (!match.isEmpty()) {
        needed.addAll(needed(match));
      }
    }
    return needed;
  }

  /// All kinds must match, so the most telling one is enough to look for.
  private static Set<Trait> needed(Match match) {
    Set<Trait> best = stronger(principals(match), namespaces(match));
    best = stronger(best, all(Kind.SERVICE_ACCOUNT, match.serviceAccounts().is(), one -> one));
    best = stronger(best, single(Kind.SOURCE_IP, match.sourceIps().is()));
    best = stronger(best, single(Kind.DESTINATION_IP, match.destinationIps().is()));
    return stronger(best, all(Kind.PORT, match.destinationPorts().is(), one -> one));
  }

  private static Set<Trait> principals(Match match) {
    // Every identity is present, so this holds for plaintext only: it is how STRICT is said.
    Set<Trait> negative =
        match.principals().isNot().stream().anyMatch(StringMatch.Presence.class::isInstance)
            ? PLAINTEXT
            : ANY;
    List<StringMatch> is = match.principals().is();
    if (is.isEmpty()) {
      return negative;
    }
    return stronger(negative, exactOr(Kind.PRINCIPAL, is));
  }

  private static Set<Trait> namespaces(Match match) {
    List<StringMatch> is = match.namespaces().is();
    // Plaintext has the namespace "", which an empty value matches.
    boolean plaintextToo = is.stream().anyMatch(one -> one.matches(""));
    return is.isEmpty() || plaintextToo ? ANY : exactOr(Kind.NAMESPACE, is);
  }

  private static Set<Trait> exactOr(Kind kind, List<StringMatch> matches) {
    Set<Trait> exact = new HashSet<>();
    for (StringMatch match : matches) {
      if (!(match instanceof StringMatch.Exact(var value))) {
        return IDENTIFIED;
      }
      exact.add(new Trait(kind, value));
    }
    return exact;
  }

  private static Set<Trait> single(Kind kind, List<Cidr> ranges) {
    return ranges.stream().allMatch(Cidr::isSingle) ? all(kind, ranges, Cidr::base) : ANY;
  }

  private static <T> Set<Trait> all(Kind kind, List<T> values, Function<T, Object> value) {
    if (values.isEmpty()) {
      return ANY; // no condition of this kind
    }
    Set<Trait> traits = new HashSet<>();
    values.forEach(one -> traits.add(new Trait(kind, value.apply(one))));
    return traits;
  }

  private static Set<Trait> stronger(Set<Trait> one, Set<Trait> other) {
    return weakest(other) < weakest(one) ? other : one;
  }

  private static int weakest(Set<Trait> traits) {
    return traits.stream()
        .map(Trait::kind)
        .max(Comparator.naturalOrder())
        .map(Kind::ordinal)
        .orElse(-1); // nothing can match, which is the strongest
  }
}
