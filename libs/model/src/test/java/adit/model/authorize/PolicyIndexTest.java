package adit.model.authorize;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.Cidr;
import adit.model.Locality;
import adit.model.MeshChange;
import adit.model.MeshView;
import adit.model.Policy;
import adit.model.Policy.Action;
import adit.model.Policy.Clause;
import adit.model.Policy.Match;
import adit.model.Policy.Rule;
import adit.model.Policy.Scope;
import adit.model.Policy.ServiceAccount;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import adit.model.PolicyCandidates;
import adit.model.SpiffeId;
import adit.model.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The index finds exactly what looking at every policy finds.
final class PolicyIndexTest {
  private static final List<String> NAMES = List.of("a", "b", "ab", "");
  private static final List<String> IPS = List.of("10.0.0.1", "10.0.0.2", "fd00::1");
  private static final InetAddress HERE = InetAddress.ofLiteral("10.0.0.9");

  private static Workload destination(List<String> policies) {
    return new Workload(
        "c//Pod/a/w",
        "w",
        new SpiffeId("td", "a", "w"),
        Workload.Canonical.NONE,
        new Workload.Placement("", "c", "n", Locality.UNKNOWN),
        List.of(HERE),
        "",
        Workload.Reach.HBONE,
        Map.of(),
        policies,
        true,
        1);
  }

  private static <T> T one(Random random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static StringMatch string(Random random, Supplier<String> value) {
    return switch (random.nextInt(5)) {
      case 0 -> new StringMatch.Prefix(value.get());
      case 1 -> new StringMatch.Suffix(value.get());
      case 2 -> new StringMatch.Presence();
      default -> new StringMatch.Exact(value.get());
    };
  }

  /// Mostly empty, so that matches with few conditions are common and often hold.
  private static <T> Values<T> values(Random random, Supplier<T> value) {
    List<T> is = new ArrayList<>();
    List<T> isNot = new ArrayList<>();
    if (random.nextInt(4) == 0) {
      IntStream.rangeClosed(0, random.nextInt(2)).forEach(_ -> is.add(value.get()));
    }
    if (random.nextInt(8) == 0) {
      isNot.add(value.get());
    }
    return new Values<>(is, isNot);
  }

  private static Cidr cidr(Random random) {
    InetAddress base = InetAddress.ofLiteral(one(random, IPS));
    int bits = base.getAddress().length * 8;
    return new Cidr(base, random.nextBoolean() ? bits : random.nextInt(bits + 1));
  }

  private static Match match(Random random) {
    return new Match(
        values(random, () -> string(random, () -> one(random, NAMES))),
        values(random, () -> new ServiceAccount(one(random, NAMES), one(random, NAMES))),
        values(
            random,
            () ->
                string(
                    random,
                    () ->
                        random.nextBoolean()
                            ? "td/ns/" + one(random, NAMES) + "/sa/" + one(random, NAMES)
                            : one(random, NAMES))),
        values(random, () -> cidr(random)),
        values(random, () -> cidr(random)),
        values(random, () -> 80 + random.nextInt(3)));
  }

  private static Policy policy(Random random, String name) {
    List<Rule> rules = new ArrayList<>();
    for (int r = random.nextInt(3); r > 0; r--) {
      List<Clause> clauses = new ArrayList<>();
      for (int c = random.nextInt(3); c > 0; c--) {
        clauses.add(
            new Clause(
                IntStream.range(0, random.nextInt(3)).mapToObj(_ -> match(random)).toList()));
      }
      rules.add(new Rule(clauses));
    }
    return new Policy(
        random.nextBoolean() ? "a" : "b",
        name,
        one(random, List.of(Scope.values())),
        one(random, List.of(Action.values())),
        rules,
        random.nextInt(5) == 0);
  }

  private static Connection connection(Random random) {
    SpiffeId source =
        random.nextInt(3) == 0
            ? null
            : new SpiffeId(
                random.nextInt(4) == 0 ? "other" : "td",
                one(random, NAMES.subList(0, 3)),
                one(random, NAMES.subList(0, 3)));
    return new Connection(
        InetAddress.ofLiteral(one(random, IPS)),
        source,
        InetAddress.ofLiteral(one(random, IPS)),
        80 + random.nextInt(3));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void indexedCheck_decidesAsTheNaiveOne_whilePoliciesComeAndGo(long seed) {
    Random random = new Random(seed);
    Workload workload = destination(List.of("a/p1", "b/p2", "a/p3", "a/unknown"));
    MeshView view = MeshView.empty();
    for (int step = 0; step < 400; step++) {
      view = view.with(change(random));
      for (int i = 0; i < 10; i++) {
        Connection connection = connection(random);
        List<Policy> all = view.policiesFor(workload);
        PolicyCandidates candidates = candidates(view, workload, connection);
        assertThat(candidates.policies())
            .as("seed %d step %d %s", seed, step, connection)
            .containsAll(
                all.stream().filter(one -> Matching.firstRule(one, connection) >= 0).toList());
        assertThat(all).containsAll(candidates.policies());
        assertSame(Authorizer.check(view, workload, connection), Authorizer.check(all, connection));
      }
    }
  }

  private static MeshChange change(Random random) {
    List<Policy> changed =
        IntStream.range(0, random.nextInt(3))
            .mapToObj(_ -> policy(random, "p" + random.nextInt(8)))
            .toList();
    List<String> removed =
        IntStream.range(0, random.nextInt(3))
            .mapToObj(_ -> (random.nextBoolean() ? "a" : "b") + "/p" + random.nextInt(8))
            .toList();
    return MeshChange.ofPolicies(changed, removed);
  }

  private static PolicyCandidates candidates(
      MeshView view, Workload workload, Connection connection) {
    return view.candidatesFor(
        workload,
        connection.source(),
        connection.sourceIp(),
        connection.destinationIp(),
        connection.destinationPort());
  }

  private static void assertSame(Verdict indexed, Verdict naive) {
    assertThat(indexed.getClass()).isEqualTo(naive.getClass());
    assertThat(indexed.dryRun()).containsExactlyInAnyOrderElementsOf(naive.dryRun());
    if (indexed instanceof Verdict.Denied one && naive instanceof Verdict.Denied other) {
      // Of several DENY policies that match either may be named.
      assertThat(one.reason().startsWith("explicitly"))
          .isEqualTo(other.reason().startsWith("explicitly"));
    }
  }

  @Test
  void tenThousandPoliciesThatCannotMatch_areNotLookedAt() {
    List<Policy> policies = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      policies.add(tenRules(i));
    }
    MeshView view = MeshView.empty().with(MeshChange.ofPolicies(policies, List.of()));
    Workload workload = destination(List.of());
    SpiffeId peer = new SpiffeId("td", "client", "client");
    Connection mtls = new Connection(HERE, peer, HERE, 80);
    Connection plain = new Connection(HERE, null, HERE, 80);
    assertThat(candidates(view, workload, mtls).policies()).isEmpty();
    assertThat(candidates(view, workload, plain).policies()).isEmpty();
    assertThat(Authorizer.check(view, workload, mtls)).isInstanceOf(Verdict.Permit.class);
    assertThat(
            candidates(
                    view, workload, new Connection(HERE, new SpiffeId("td", "n", "s7-3"), HERE, 80))
                .policies())
        .extracting(Policy::name)
        .containsExactly("p7");
  }

  private static Policy tenRules(int i) {
    List<Rule> rules = new ArrayList<>();
    for (int r = 0; r < 10; r++) {
      Match match =
          new Match(
              Values.any(),
              Values.any(),
              new Values<>(List.of(new StringMatch.Exact("td/ns/n/sa/s" + i + "-" + r)), List.of()),
              Values.any(),
              Values.any(),
              Values.any());
      rules.add(new Rule(List.of(new Clause(List.of(match)))));
    }
    return new Policy("a", "p" + i, Scope.NAMESPACE, Action.DENY, rules, false);
  }
}
