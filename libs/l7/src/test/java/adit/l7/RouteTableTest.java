package adit.l7;

import static org.assertj.core.api.Assertions.assertThat;

import adit.l7.Match.PathMatch;
import adit.l7.RouteTable.Chosen;
import adit.l7.RouteTable.StreamChosen;
import adit.model.NamespacedHostname;
import adit.model.SpiffeId;
import com.google.re2j.Pattern;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RouteTableTest {
  private static final NamespacedHostname A =
      new NamespacedHostname("shop", "a.shop.svc.cluster.local");

  private static Match match(PathMatch path, Match.Named... headers) {
    return new Match(path, null, List.of(headers), List.of(), null, null, 0, Set.of());
  }

  private static Match.Named exact(String name, String value) {
    return new Match.Named(name, new StringMatch.Exact(value, false), false);
  }

  private static PathMatch prefix(String path) {
    return new PathMatch.Segments(path, false);
  }

  private static Rule rule(String name, Match... matches) {
    return new Rule(
        name,
        List.of(matches),
        new Rule.Action.Forward(List.of()),
        Rule.Filters.NONE,
        Rule.Timeouts.NONE,
        null,
        null,
        null,
        null);
  }

  private static Route route(
      Route.Kind kind, String namespace, String name, int age, Rule... rules) {
    return new Route(
        kind,
        namespace,
        name,
        Instant.ofEpochSecond(1000L - age),
        List.of(new Route.Parent.OfService(A, 0)),
        List.of(),
        List.of(rules),
        List.of());
  }

  private static Route http(String name, int age, Rule... rules) {
    return route(Route.Kind.HTTP_ROUTE, "shop", name, age, rules);
  }

  private static String chosen(RouteTable table, RequestHead head) {
    return switch (table.choose(A, head)) {
      case Chosen.Matched(_, var rule, _) -> rule.name();
      case Chosen.Unmatched _ -> "404";
      case Chosen.Unrouted _ -> "service";
    };
  }

  private static RouteTable table(Route... routes) {
    return RouteTable.EMPTY.with(List.of(routes), List.of());
  }

  @ParameterizedTest
  @CsvSource({
    "/exact, exact",
    "/exact/, prefix-root",
    "/a, short",
    "/a/b, long",
    "/a/b/c, long",
    "/ab, prefix-root",
    "/regex9, regex",
    "/, prefix-root",
  })
  void path_exactBeforeLongerPrefixBeforeRegexBeforeTheRest(String path, String winner) {
    RouteTable table =
        table(
            http(
                "r",
                0,
                rule("prefix-root", match(prefix(""))),
                rule("short", match(prefix("/a"))),
                rule("long", match(prefix("/a/b"))),
                rule(
                    "regex",
                    match(
                        new PathMatch.Regex(
                            new StringMatch.Regex(Pattern.compile("/regex[0-9]"))))),
                rule("exact", match(new PathMatch.Exact("/exact", false)))));

    assertThat(chosen(table, SampleRequest.get(path))).isEqualTo(winner);
  }

  @Test
  void moreHeaders_winAtTheSamePath() {
    RouteTable table =
        table(
            http(
                "r",
                0,
                rule("none", match(prefix("/a"))),
                rule("one", match(prefix("/a"), exact("x", "1"))),
                rule("two", match(prefix("/a"), exact("x", "1"), exact("y", "2")))));

    assertThat(chosen(table, SampleRequest.get("/a"))).isEqualTo("none");
    assertThat(chosen(table, SampleRequest.get("/a").header("x", "1"))).isEqualTo("one");
    assertThat(chosen(table, SampleRequest.get("/a").header("x", "1").header("y", "2")))
        .isEqualTo("two");
  }

  @Test
  void olderRoute_winsATie_thenTheFirstName() {
    assertThat(
            chosen(
                table(http("b", 5, rule("old", Match.ALL)), http("a", 1, rule("new", Match.ALL))),
                SampleRequest.get("/")))
        .isEqualTo("old");
    assertThat(
            chosen(
                table(http("b", 1, rule("b", Match.ALL)), http("a", 1, rule("a", Match.ALL))),
                SampleRequest.get("/")))
        .isEqualTo("a");
  }

  @Test
  void firstRule_winsATieInOneRoute() {
    assertThat(
            chosen(
                table(http("r", 0, rule("first", Match.ALL), rule("second", Match.ALL))),
                SampleRequest.get("/")))
        .isEqualTo("first");
  }

  @Test
  void virtualService_keepsItsOrder() {
    RouteTable table =
        table(
            route(
                Route.Kind.VIRTUAL_SERVICE,
                "shop",
                "v",
                0,
                rule("wide", match(prefix(""))),
                rule("narrow", match(new PathMatch.Exact("/x", false)))));

    assertThat(chosen(table, SampleRequest.get("/x"))).isEqualTo("wide");
  }

  @Test
  void nothingMatches_is404_andNoRoutesIsTheService() {
    RouteTable table = table(http("r", 0, rule("x", match(prefix("/x")))));

    assertThat(chosen(table, SampleRequest.get("/y"))).isEqualTo("404");
    assertThat(chosen(RouteTable.EMPTY, SampleRequest.get("/y"))).isEqualTo("service");
    assertThat(chosen(table.with(List.of(), List.of("HTTPRoute/shop/r")), SampleRequest.get("/y")))
        .isEqualTo("service");
  }

  @Test
  void parentsPort_limitsTheRoute() {
    Route atPort =
        new Route(
            Route.Kind.HTTP_ROUTE,
            "shop",
            "r",
            Instant.EPOCH,
            List.of(new Route.Parent.OfService(A, 80)),
            List.of(),
            List.of(rule("x", Match.ALL)),
            List.of());

    assertThat(chosen(table(atPort), SampleRequest.get("/").port(80))).isEqualTo("x");
    assertThat(chosen(table(atPort), SampleRequest.get("/").port(8080))).isEqualTo("service");
  }

  @Test
  void routeOfAnotherNamespace_isForItsOwnClientsOnly() {
    RouteTable table =
        table(
            http("producer", 0, rule("producer", Match.ALL)),
            route(
                Route.Kind.HTTP_ROUTE, "consumer", "c", 0, rule("consumer", match(prefix("/c")))));
    SpiffeId consumer = new SpiffeId("cluster.local", "consumer", "x");

    assertThat(chosen(table, SampleRequest.get("/c"))).isEqualTo("producer");
    assertThat(chosen(table, SampleRequest.get("/c").from(consumer))).isEqualTo("consumer");
    assertThat(chosen(table, SampleRequest.get("/p").from(consumer))).isEqualTo("404");
  }

  @Test
  void grpcMethod_isTwoSegments() {
    RouteTable table =
        table(
            route(
                Route.Kind.GRPC_ROUTE,
                "shop",
                "g",
                0,
                rule(
                    "service",
                    match(new PathMatch.Grpc(new StringMatch.Exact("pkg.S", false), null))),
                rule(
                    "method",
                    match(
                        new PathMatch.Grpc(
                            new StringMatch.Exact("pkg.S", false),
                            new StringMatch.Exact("M", false))))));

    assertThat(chosen(table, SampleRequest.get("/pkg.S/M"))).isEqualTo("method");
    assertThat(chosen(table, SampleRequest.get("/pkg.S/N"))).isEqualTo("service");
    assertThat(chosen(table, SampleRequest.get("/pkg.S/N/O"))).isEqualTo("404");
    assertThat(chosen(table, SampleRequest.get("/pkg.T/M"))).isEqualTo("404");
  }

  @Test
  void change_replacesWhatItNames() {
    RouteTable before = table(http("r", 0, rule("old", Match.ALL)));
    RouteTable after = before.with(List.of(http("r", 0, rule("new", Match.ALL))), List.of());

    assertThat(chosen(before, SampleRequest.get("/"))).isEqualTo("old");
    assertThat(chosen(after, SampleRequest.get("/"))).isEqualTo("new");
  }

  /// The index must say what trying every rule in order would say.
  @Test
  void manyRules_areFoundAsIfEachWasTried() {
    List<Rule> rules = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      rules.add(rule("path" + i, match(new PathMatch.Exact("/p" + i, false))));
      rules.add(rule("prefix" + i, match(prefix("/q" + i))));
      rules.add(rule("header" + i, match(prefix(""), exact("h", "v" + i))));
    }
    rules.add(rule("rest", match(prefix(""))));
    RouteTable table = table(http("r", 0, rules.toArray(Rule[]::new)));

    for (int i = 0; i < 300; i++) {
      assertThat(chosen(table, SampleRequest.get("/p" + i))).isEqualTo("path" + i);
      assertThat(chosen(table, SampleRequest.get("/q" + i + "/x"))).isEqualTo("prefix" + i);
      assertThat(chosen(table, SampleRequest.get("/z").header("h", "v" + i)))
          .isEqualTo("header" + i);
      // The path counts before headers.
      assertThat(chosen(table, SampleRequest.get("/p" + i).header("h", "v0")))
          .isEqualTo("path" + i);
    }
    assertThat(chosen(table, SampleRequest.get("/z").header("h", "w"))).isEqualTo("rest");
  }

  @ParameterizedTest
  @CsvSource({"a.example.com, wild", "example.com, exact", "other.com, none", ", none"})
  void stream_isRoutedByServerName(String sni, String winner) {
    Route route =
        new Route(
            Route.Kind.TLS_ROUTE,
            "shop",
            "t",
            Instant.EPOCH,
            List.of(new Route.Parent.OfService(A, 0)),
            List.of(),
            List.of(),
            List.of(stream("exact", "example.com"), stream("wild", "*.example.com")));
    InetAddress ip = InetAddress.ofLiteral("10.96.0.1");

    String chosen =
        switch (table(route).choose(A, 443, sni, ip, "shop")) {
          case StreamChosen.Matched(_, var rule) -> rule.name();
          case StreamChosen.Unmatched _ -> "none";
          case StreamChosen.Unrouted _ -> "service";
        };

    assertThat(chosen).isEqualTo(winner);
  }

  private static StreamRule stream(String name, String sni) {
    return new StreamRule(
        name, List.of(new StreamRule.StreamMatch(List.of(sni), 0, List.of(), Set.of())), List.of());
  }
}
