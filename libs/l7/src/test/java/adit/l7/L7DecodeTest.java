package adit.l7;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.model.InvalidResource;
import adit.model.NamespacedHostname;
import adit.protos.l7.Backend;
import adit.protos.l7.DirectResponse;
import adit.protos.l7.Fault;
import adit.protos.l7.Fraction;
import adit.protos.l7.Header;
import adit.protos.l7.HeaderChange;
import adit.protos.l7.JwtRule;
import adit.protos.l7.Match;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.Operation;
import adit.protos.l7.Parent;
import adit.protos.l7.PathMatch;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.Redirect;
import adit.protos.l7.RegexRewrite;
import adit.protos.l7.Rewrite;
import adit.protos.l7.Route;
import adit.protos.l7.Rule;
import adit.protos.l7.Source;
import adit.protos.l7.StringMatch;
import com.google.protobuf.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class L7DecodeTest {
  private static Route.Builder route() {
    return Route.newBuilder()
        .setKind(Route.Kind.HTTP_ROUTE)
        .setNamespace("shop")
        .setName("r")
        .addParents(Parent.newBuilder().setService("shop/a.shop.svc.cluster.local").setPort(80));
  }

  private static Route with(UnaryOperator<Rule.Builder> change) {
    return route().addHttp(change.apply(Rule.newBuilder())).build();
  }

  private static Route matching(Match.Builder match) {
    return with(rule -> rule.addMatches(match));
  }

  @Test
  void route_whole() throws InvalidResource {
    adit.l7.Route route =
        L7Decode.route(
            with(rule ->
                rule.setName("first")
                    .addMatches(
                        Match.newBuilder()
                            .setPath(PathMatch.newBuilder().setPrefix("/cart/"))
                            .addHeaders(
                                NamedMatch.newBuilder()
                                    .setName("X-Version")
                                    .setValue(StringMatch.newBuilder().setExact("2"))))
                    .addBackends(
                        Backend.newBuilder()
                            .setService("shop/b.shop.svc.cluster.local")
                            .setPort(8080)
                            .setWeight(3))));

    assertThat(route.key()).isEqualTo("HTTPRoute/shop/r");
    adit.l7.Rule rule = route.rules().getFirst();
    assertThat(rule.name()).isEqualTo("first");
    assertThat(rule.matches().getFirst().path())
        .isEqualTo(new adit.l7.Match.PathMatch.Segments("/cart", false));
    assertThat(rule.matches().getFirst().headers().getFirst().name()).isEqualTo("x-version");
    assertThat(rule.action())
        .isEqualTo(
            new adit.l7.Rule.Action.Forward(
                List.of(
                    new adit.l7.Backend(
                        new adit.l7.Backend.Target.To(
                            new NamespacedHostname("shop", "b.shop.svc.cluster.local"), 8080, ""),
                        3,
                        adit.l7.Rule.Filters.NONE))));
    assertThat(rule.retry()).isNull();
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("kind", route().setKindValue(99).build()),
        Arguments.of("kind", route().setKind(Route.Kind.KIND_UNSPECIFIED).build()),
        Arguments.of("name", route().setName("").build()),
        Arguments.of("parents", route().addParents(Parent.getDefaultInstance()).build()),
        Arguments.of(
            "parents.service", route().addParents(Parent.newBuilder().setService("a")).build()),
        Arguments.of("matches.path", matching(Match.newBuilder().setPath(PathMatch.newBuilder()))),
        Arguments.of(
            "matches.path",
            matching(Match.newBuilder().setPath(PathMatch.newBuilder().setPrefix("x")))),
        Arguments.of(
            "matches.path.regex",
            matching(Match.newBuilder().setPath(PathMatch.newBuilder().setRegex("(")))),
        Arguments.of(
            "matches.path.regex",
            matching(
                Match.newBuilder()
                    .setPath(PathMatch.newBuilder().setRegex("((a{1000}){1000}){1000}")))),
        Arguments.of(
            "matches.method", matching(Match.newBuilder().setMethod(StringMatch.newBuilder()))),
        Arguments.of(
            "matches.headers.name",
            matching(Match.newBuilder().addHeaders(NamedMatch.newBuilder()))),
        Arguments.of("backends", with(rule -> rule.addBackends(Backend.newBuilder()))),
        Arguments.of(
            "redirect.status",
            with(rule -> rule.setRedirect(Redirect.newBuilder().setStatus(200)))),
        Arguments.of(
            "direct_response.status",
            with(rule -> rule.setDirectResponse(DirectResponse.newBuilder().setStatus(99)))),
        Arguments.of(
            "fault.abort",
            with(rule -> rule.setFault(Fault.newBuilder().setAbort(Fault.Abort.newBuilder())))),
        Arguments.of(
            "fault.delay.numerator",
            with(rule ->
                rule.setFault(
                    Fault.newBuilder()
                        .setDelay(
                            Fault.Delay.newBuilder()
                                .setFraction(Fraction.newBuilder().setNumerator(101)))))),
        Arguments.of(
            "timeouts.request",
            with(rule ->
                rule.setTimeouts(
                    rule.getTimeoutsBuilder().setRequest(Duration.newBuilder().setSeconds(-1))))),
        Arguments.of(
            "filters.request_headers.set",
            with(rule ->
                rule.setFilters(
                    rule.getFiltersBuilder()
                        .setRequestHeaders(
                            HeaderChange.newBuilder()
                                .addSet(Header.newBuilder().setName("a").setValue("b\r\nc: d")))))),
        Arguments.of(
            "retry.retry_on",
            with(rule ->
                rule.setRetry(rule.getRetryBuilder().setAttempts(1).addRetryOn("sometimes")))));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void route_thatBreaksTheContract_isRefusedByField(String field, Route wire) {
    assertThatThrownBy(() -> L7Decode.route(wire))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining(" " + field + ": ")
        .hasMessageContaining("(expected: ");
  }

  @ParameterizedTest
  @CsvSource({
    "/a/{*}/c, /a/b/c, true",
    "/a/{*}/c, /a/b/b/c, false",
    "/a/{*}/c, /a//c, false",
    "/a/{**}, /a/b/c, true",
    "/a/{**}, /a/, true",
    "/a/{**}, /b/, false",
    "/a.b/{*}, /axb/c, false",
    "/x*, /xyz, true",
    "'*.html', /a/b.html, true",
    "/x, /x/, false",
  })
  void pathPattern_matches(String written, String path, boolean matches) throws InvalidResource {
    RequestPolicy policy =
        L7Decode.requestPolicy(
            policy().addRules(rule(Operation.newBuilder().addPaths(written))).build());

    assertThat(policy.rules().getFirst().to().getFirst().paths().is().getFirst().matches(path))
        .isEqualTo(matches);
  }

  private static adit.protos.l7.RequestPolicy.Builder policy() {
    return adit.protos.l7.RequestPolicy.newBuilder()
        .setNamespace("shop")
        .setName("p")
        .setAction(adit.protos.l7.RequestPolicy.Action.ALLOW);
  }

  private static PolicyRule.Builder rule(Operation.Builder operation) {
    return PolicyRule.newBuilder().addTo(operation);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a/{x}", "/a/{*", "/a/{*}*", "/a/}{*}"})
  void pathTemplate_malformed_refusesThePolicy(String written) {
    assertThatThrownBy(() ->
            L7Decode.requestPolicy(
                policy().addRules(rule(Operation.newBuilder().addPaths(written))).build()))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining("to.paths");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "http", ""})
  void port_malformed_refusesThePolicy(String port) {
    assertThatThrownBy(() ->
            L7Decode.requestPolicy(
                policy().addRules(rule(Operation.newBuilder().addPorts(port))).build()))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining("ports");
  }

  @Test
  void serviceAccount_withoutNamespace_isOfThePolicys() throws InvalidResource {
    RequestPolicy policy =
        L7Decode.requestPolicy(
            policy()
                .addRules(
                    PolicyRule.newBuilder()
                        .addFrom(
                            Source.newBuilder().addServiceAccounts("a").addServiceAccounts("o/b")))
                .build());

    assertThat(policy.rules().getFirst().from().getFirst().serviceAccounts().is())
        .containsExactly(
            new RequestPolicy.Account("shop", "a"), new RequestPolicy.Account("o", "b"));
  }

  @Test
  void refusal_ofAPolicyThatCannotBeRead_deniesAtItsTargets() throws InvalidResource {
    RequestPolicy policy =
        L7Decode.refusal(
            policy()
                .addTargets(
                    adit.protos.l7.Target.newBuilder().setService("shop/a.shop.svc.cluster.local"))
                .addRules(rule(Operation.newBuilder().addPorts("no")))
                .build());

    assertThat(policy.action()).isEqualTo(RequestPolicy.Action.DENY);
    assertThat(policy.rules())
        .containsExactly(new RequestPolicy.Rule(List.of(), List.of(), List.of()));
    assertThat(policy.targets()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"'\\1/x', $1/x", "'a$b', 'a\\$b'", "'\\\\', '\\\\'", "'\\12', '$1\\2'"})
  void substitution_isForTheEngine(String written, String javaForm) throws InvalidResource {
    adit.l7.Route route =
        L7Decode.route(
            with(rule ->
                rule.setFilters(
                    rule.getFiltersBuilder()
                        .setRewrite(
                            Rewrite.newBuilder()
                                .setRegex(
                                    RegexRewrite.newBuilder()
                                        .setPattern("(a)")
                                        .setSubstitution(written))))));

    assertThat(route.rules().getFirst().filters().path())
        .isInstanceOfSatisfying(
            adit.l7.Rule.PathChange.Regex.class,
            regex -> assertThat(regex.substitution()).isEqualTo(javaForm));
  }

  @Test
  void settings_ofSubsetAndPort_comeBeforeThePolicys() throws InvalidResource {
    var wire = adit.protos.l7.TrafficPolicy.newBuilder().setNamespace("shop").setName("d");
    wire.getSettingsBuilder().getConnectionPoolBuilder().setMaxRequests(1);
    wire.getSettingsBuilder().getOutlierDetectionBuilder().setConsecutive5Xx(7);
    var subset = wire.addSubsetsBuilder().setName("v1").putLabels("version", "v1");
    subset.getSettingsBuilder().getConnectionPoolBuilder().setMaxRequests(2);
    wire.getSettingsBuilder()
        .putPorts(
            8080,
            adit.protos.l7.TrafficSettings.newBuilder()
                .setConnectionPool(adit.protos.l7.ConnectionPool.newBuilder().setMaxRequests(3))
                .build());

    TrafficPolicy policy = L7Decode.trafficPolicy(wire.build());

    assertThat(requests(policy, "", 80)).isEqualTo(1);
    assertThat(requests(policy, "", 8080)).isEqualTo(3);
    assertThat(requests(policy, "v1", 8080)).isEqualTo(2);
    TrafficPolicy.Outliers outliers = policy.effective("v1", 80).outliers();
    assertThat(outliers).isNotNull();
    assertThat(outliers.serverErrors()).isEqualTo(7);
    // What a port does not say has its default.
    assertThat(policy.effective("", 8080).outliers()).isNull();
  }

  private static int requests(TrafficPolicy policy, String subset, int port) {
    TrafficPolicy.ConnectionPool pool = policy.effective(subset, port).connectionPool();
    return pool == null ? -1 : pool.maxRequests();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://a/b", "nonsense", "http:///x", "file:///etc/passwd"})
  void jwksUri_thatIsNoWebAddress_isRefused(String uri) {
    assertThatThrownBy(() ->
            L7Decode.authentication(
                adit.protos.l7.Authentication.newBuilder()
                    .setNamespace("shop")
                    .setName("a")
                    .addRules(JwtRule.newBuilder().setIssuer("i").setJwksUri(uri))
                    .build()))
        .isInstanceOf(InvalidResource.class)
        .hasMessageContaining("jwks_uri");
  }

  @ParameterizedTest
  @CsvSource({
    "a{10}, 11",
    "'(ab){3}', 14",
    "'[a-z]{2}', 8",
    "abc, 3",
    "'((a{1000}){1000}){1000}', -1",
    "'\\Q{\\E', 4"
  })
  void regexSize_countsRepetitions(String pattern, long atMost) {
    long size = Regexes.sizeOrMinus(pattern);

    assertThat(size < 0).isEqualTo(atMost < 0);
    assertThat(size).isLessThanOrEqualTo(atMost);
  }
}
