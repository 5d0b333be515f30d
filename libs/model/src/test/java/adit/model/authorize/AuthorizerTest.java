package adit.model.authorize;

import static org.assertj.core.api.Assertions.assertThat;

import adit.model.Decode;
import adit.model.InvalidResource;
import adit.model.Policy;
import adit.model.SpiffeId;
import adit.protos.security.Action;
import adit.protos.security.Address;
import adit.protos.security.Authorization;
import adit.protos.security.Clause;
import adit.protos.security.Match;
import adit.protos.security.Rule;
import adit.protos.security.ServiceAccountMatch;
import adit.protos.security.StringMatch;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Empty;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class AuthorizerTest {
  private static final Connection MTLS =
      connection(new SpiffeId("td", "ns1", "sa1"), "10.1.2.3", "10.9.0.1", 8080);
  private static final Connection OTHER_TRUST_DOMAIN =
      connection(new SpiffeId("other", "ns1", "sa1"), "10.1.2.3", "10.9.0.1", 8080);
  private static final Connection PLAINTEXT = connection(null, "10.1.2.3", "10.9.0.1", 8080);
  private static final Connection V6 =
      connection(new SpiffeId("td", "ns1", "sa1"), "fd00::3", "fd00::1", 8080);

  private static Connection connection(
      @Nullable SpiffeId source, String from, String to, int port) {
    return new Connection(InetAddress.ofLiteral(from), source, InetAddress.ofLiteral(to), port);
  }

  private static StringMatch exact(String text) {
    return StringMatch.newBuilder().setExact(text).build();
  }

  private static StringMatch prefix(String text) {
    return StringMatch.newBuilder().setPrefix(text).build();
  }

  private static StringMatch suffix(String text) {
    return StringMatch.newBuilder().setSuffix(text).build();
  }

  private static StringMatch present() {
    return StringMatch.newBuilder().setPresence(Empty.getDefaultInstance()).build();
  }

  private static Address cidr(String ip, int length) {
    return Address.newBuilder()
        .setAddress(ByteString.copyFrom(InetAddress.ofLiteral(ip).getAddress()))
        .setLength(length)
        .build();
  }

  private static ServiceAccountMatch account(String namespace, String name) {
    return ServiceAccountMatch.newBuilder().setNamespace(namespace).setServiceAccount(name).build();
  }

  private static Match.Builder match() {
    return Match.newBuilder();
  }

  /// @param field the proto field that the row is about
  record Row(
      String field,
      Match match,
      boolean mtls,
      boolean otherTrustDomain,
      boolean plaintext,
      boolean v6) {
    @Override
    public String toString() {
      return match.toString().replace('\n', ' ');
    }
  }

  private static Row row(
      String field, Match.Builder match, boolean mtls, boolean other, boolean plain, boolean v6) {
    return new Row(field, match.build(), mtls, other, plain, v6);
  }

  static Stream<Row> rows() {
    return Stream.of(
        row("namespaces", match().addNamespaces(exact("ns1")), true, true, false, true),
        row("namespaces", match().addNamespaces(prefix("ns")), true, true, false, true),
        row("namespaces", match().addNamespaces(suffix("2")), false, false, false, false),
        row("namespaces", match().addNamespaces(present()), true, true, false, true),
        row("not_namespaces", match().addNotNamespaces(exact("ns1")), false, false, true, false),
        row("not_namespaces", match().addNotNamespaces(exact("ns2")), true, true, true, true),
        row(
            "principals",
            match().addPrincipals(exact("td/ns/ns1/sa/sa1")),
            true,
            false,
            false,
            true),
        row(
            "principals",
            match().addPrincipals(exact("spiffe://td/ns/ns1/sa/sa1")),
            false,
            false,
            false,
            false),
        row("principals", match().addPrincipals(suffix("/sa/sa1")), true, true, false, true),
        row("principals", match().addPrincipals(prefix("td/")), true, false, false, true),
        row("principals", match().addPrincipals(present()), true, true, false, true),
        row("not_principals", match().addNotPrincipals(present()), false, false, true, false),
        row(
            "not_principals",
            match().addNotPrincipals(exact("td/ns/ns1/sa/sa1")),
            false,
            true,
            true,
            false),
        row("source_ips", match().addSourceIps(cidr("10.1.0.0", 16)), true, true, true, false),
        row("source_ips", match().addSourceIps(cidr("10.1.2.4", 32)), false, false, false, false),
        row("source_ips", match().addSourceIps(cidr("0.0.0.0", 0)), true, true, true, false),
        row("source_ips", match().addSourceIps(cidr("fd00::", 64)), false, false, false, true),
        row(
            "not_source_ips",
            match().addNotSourceIps(cidr("10.1.2.0", 23)),
            false,
            false,
            false,
            true),
        row(
            "destination_ips",
            match().addDestinationIps(cidr("10.9.0.1", 32)),
            true,
            true,
            true,
            false),
        row(
            "destination_ips",
            match().addDestinationIps(cidr("10.9.0.2", 31)),
            false,
            false,
            false,
            false),
        row(
            "not_destination_ips",
            match().addNotDestinationIps(cidr("10.9.0.1", 32)),
            false,
            false,
            false,
            true),
        row("destination_ports", match().addDestinationPorts(8080), true, true, true, true),
        row("destination_ports", match().addDestinationPorts(80), false, false, false, false),
        row(
            "not_destination_ports",
            match().addNotDestinationPorts(8080),
            false,
            false,
            false,
            false),
        row("not_destination_ports", match().addNotDestinationPorts(80), true, true, true, true),
        row(
            "service_accounts",
            match().addServiceAccounts(account("ns1", "sa1")),
            true,
            true,
            false,
            true),
        row(
            "service_accounts",
            match().addServiceAccounts(account("ns2", "sa1")),
            false,
            false,
            false,
            false),
        row(
            "not_service_accounts",
            match().addNotServiceAccounts(account("ns1", "sa1")),
            false,
            false,
            true,
            false),
        row(
            "destination_ports",
            match().addDestinationPorts(8080).addNotPrincipals(present()),
            false,
            false,
            true,
            false),
        row(
            "namespaces",
            match()
                .addNamespaces(exact("x"))
                .addNamespaces(exact("ns1"))
                .addNotNamespaces(exact("y")),
            true,
            true,
            false,
            true));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void matcher_decidesByItsKind(Row row) throws InvalidResource {
    Policy policy = deny("p", rule(row.match()));
    assertThat(denies(policy, MTLS)).as("mTLS").isEqualTo(row.mtls());
    assertThat(denies(policy, OTHER_TRUST_DOMAIN)).as("other td").isEqualTo(row.otherTrustDomain());
    assertThat(denies(policy, PLAINTEXT)).as("plaintext").isEqualTo(row.plaintext());
    assertThat(denies(policy, V6)).as("v6").isEqualTo(row.v6());
  }

  @Test
  void everyFieldOfMatch_hasARow() {
    Set<String> fields =
        Match.getDescriptor().getFields().stream()
            .map(FieldDescriptor::getName)
            .filter(name -> !name.equals("extensions"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(rows().map(Row::field).distinct()).containsExactlyInAnyOrderElementsOf(fields);
  }

  private static Rule rule(Match... matches) {
    return Rule.newBuilder()
        .addClauses(Clause.newBuilder().addAllMatches(List.of(matches)))
        .build();
  }

  private static Policy deny(String name, Rule... rules) throws InvalidResource {
    return policy(name, Action.DENY, false, rules);
  }

  private static Policy allow(String name, Rule... rules) throws InvalidResource {
    return policy(name, Action.ALLOW, false, rules);
  }

  private static Policy policy(String name, Action action, boolean dryRun, Rule... rules)
      throws InvalidResource {
    return Decode.authorization(
        Authorization.newBuilder()
            .setNamespace("ns")
            .setName(name)
            .setAction(action)
            .setDryRun(dryRun)
            .addAllRules(List.of(rules))
            .build());
  }

  private static boolean denies(Policy policy, Connection connection) {
    return Authorizer.check(List.of(policy), connection) instanceof Verdict.Denied;
  }

  private static final Rule ANYTHING = Rule.getDefaultInstance();

  @Test
  void noPolicy_allows() {
    assertThat(Authorizer.check(List.of(), PLAINTEXT)).isInstanceOf(Verdict.Permit.class);
  }

  @Test
  void emptyLevels_meanWhatTheReferenceMeans() throws InvalidResource {
    assertThat(denies(deny("no rules"), MTLS)).isFalse();
    assertThat(denies(deny("no clauses", ANYTHING), MTLS)).isTrue();
    assertThat(denies(deny("no matches", rule()), MTLS)).isTrue();
    assertThat(denies(deny("empty match", rule(Match.getDefaultInstance())), MTLS)).isFalse();
  }

  @Test
  void deny_winsOverAllow_andSaysWhichRule() throws InvalidResource {
    var verdict =
        Authorizer.check(
            List.of(
                allow("all", ANYTHING),
                deny(
                    "ports",
                    rule(match().addDestinationPorts(1).build()),
                    rule(match().addDestinationPorts(8080).build()))),
            MTLS);
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Denied.class,
            denied -> {
              assertThat(denied.reason()).isEqualTo("explicitly denied by: ns/ports");
              assertThat(denied.refusal().policy()).isEqualTo("ns/ports");
              assertThat(denied.refusal().rule()).isEqualTo("1");
              assertThat(denied.refusal().wanted()).isEqualTo("not [ports=8080]");
              assertThat(denied.refusal().seen())
                  .isEqualTo("principal td/ns/ns1/sa/sa1 from 10.1.2.3 to port 8080");
            });
  }

  @Test
  void allowThatDoesNotMatch_refuses_andSaysWhatWouldPass() throws InvalidResource {
    var verdict =
        Authorizer.check(
            List.of(allow("web", rule(match().addPrincipals(exact("td/ns/a/sa/web")).build()))),
            MTLS);
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Denied.class,
            denied -> {
              assertThat(denied.reason()).isEqualTo("allow policies exist, but none allowed");
              assertThat(denied.refusal().policy()).isEqualTo("ns/web");
              assertThat(denied.refusal().wanted()).isEqualTo("principals=td/ns/a/sa/web");
            });
  }

  @Test
  void strict_refusesPlaintext_inWords() throws InvalidResource {
    var verdict =
        Authorizer.check(
            List.of(deny("strict", rule(match().addNotPrincipals(present()).build()))), PLAINTEXT);
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Denied.class,
            denied -> {
              assertThat(denied.refusal().wanted()).isEqualTo("mutual TLS (any principal)");
              assertThat(denied.refusal().seen())
                  .startsWith("no identity (plaintext) from 10.1.2.3");
            });
  }

  @Test
  void dryRun_isSaidAndNotEnforced() throws InvalidResource {
    var verdict =
        Authorizer.check(
            List.of(
                policy("d", Action.DENY, true, ANYTHING),
                policy("a", Action.ALLOW, true, rule(match().addDestinationPorts(1).build()))),
            MTLS);
    assertThat(verdict).isInstanceOf(Verdict.Permit.class);
    assertThat(verdict.dryRun())
        .containsExactly("dry-run: would be denied by: ns/d", "dry-run: no allow policies match");
  }
}
