package adit.scenarios;

import static adit.scenarios.ShopMesh.DETAILS;
import static adit.scenarios.ShopMesh.RATINGS;
import static adit.scenarios.ShopMesh.REVIEWS;
import static org.assertj.core.api.Assertions.assertThat;

import adit.scenarios.ShopMesh.Applied;
import adit.testkit.Eventually;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a user does with the requests of a shop that has a waypoint.
@ExtendWith(ShopMesh.Extension.class)
@Timeout(120)
final class ShopTrafficTest {
  private static final String SUBSETS =
      """
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: reviews, namespace: bookshop}
      spec:
        host: reviews
        subsets:
          - {name: v1, labels: {version: v1}}
          - {name: v2, labels: {version: v2}}
      ---
      """;
  private static final String TO_VERSIONS =
      SUBSETS
          + """
          apiVersion: networking.istio.io/v1
          kind: VirtualService
          metadata: {name: reviews, namespace: bookshop}
          spec:
            hosts: [reviews]
            http:
              - match: [{headers: {x-user: {exact: jason}}}]
                route: [{destination: {host: reviews, subset: v2}}]
              - route: [{destination: {host: reviews, subset: v1}}]
          """;
  private static final String TCP_ROUTE =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: TCPRoute
      metadata: {name: reviews, namespace: bookshop}
      spec:
        parentRefs: [{group: "", kind: Service, name: reviews, port: 9090}]
        rules:
          - backendRefs:
              - {name: reviews-v1, port: 9090, weight: 80}
              - {name: reviews-v2, port: 9090, weight: 20}
      """;
  private static final String TCP_OF_VIRTUAL_SERVICE =
      SUBSETS
          + """
          apiVersion: networking.istio.io/v1
          kind: VirtualService
          metadata: {name: reviews, namespace: bookshop}
          spec:
            hosts: [reviews]
            tcp:
              - match: [{port: 9090}]
                route:
                  - {destination: {host: reviews, subset: v1}, weight: 80}
                  - {destination: {host: reviews, subset: v2}, weight: 20}
          """;
  private static final String[] JASON = {"--header", "x-user: jason"};

  private static ShopMesh shop;

  @BeforeAll
  static void start(ShopMesh mesh) {
    shop = mesh;
  }

  @AfterEach
  void awaitAsItWas() {
    shop.awaitAsItWas();
  }

  @Test
  void waypoint_appliedUnderLoad_costsNoRequest() {
    assertThat(shop.applied())
        .contains(
            "✅ waypoint bookshop/waypoint applied",
            "✅ waypoint bookshop/waypoint is ready",
            "✅ namespace bookshop labeled with \"istio.io/use-waypoint: waypoint\"");
    assertThat(shop.whileApplied())
        .hasSize(2)
        .allSatisfy(load -> {
          assertThat(load.failed()).as(load.line()).isZero();
          assertThat(load.requests()).as(load.line()).isGreaterThan(20);
        });
  }

  @Test
  void waypoint_thatIsReady_isListedAsProgrammed_andServicesSayThatTheyUseIt() throws Exception {
    for (String service : List.of("web", "details", "reviews", "ratings")) {
      shop.awaitCondition("service", service, "istio.io/WaypointBound", true, "waypoint");
    }
    shop.awaitCondition("gateway", "waypoint", "Programmed", true);
    String[] lines = shop.adit("waypoint", "list", "--local", shop.name(), "-A").split("\n");
    assertThat(lines).hasSize(2);
    assertThat(lines[0].split(" {2,}"))
        .containsExactly("NAMESPACE", "NAME", "REVISION", "TRAFFIC TYPE", "PROGRAMMED");
    assertThat(lines[1]).startsWith("bookshop").contains("waypoint").endsWith("True");
  }

  /// Of 300 a tenth is 30; less than 12 or more than 48 happens once in some thousand runs.
  @Test
  void weights_90And10_shareTheRequestsLikeThat() throws Exception {
    try (Applied _ =
        shop.apply(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: reviews, namespace: bookshop}
            spec:
              parentRefs: [{group: "", kind: Service, name: reviews, port: 8080}]
              rules:
                - backendRefs:
                    - {name: reviews-v1, port: 8080, weight: 90}
                    - {name: reviews-v2, port: 8080, weight: 10}
            """)) {
      shop.awaitConfigured(1, 0);

      Map<String, Integer> versions = shop.get("web", REVIEWS, "--times", "300").versions();

      assertThat(versions).containsOnlyKeys("v1", "v2");
      assertThat(versions.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(300);
      assertThat(versions.get("v2")).isBetween(12, 48);
    }
  }

  @Test
  void header_ofOneUser_leadsHimAloneToTheOtherVersion() throws Exception {
    try (Applied _ = shop.apply(TO_VERSIONS)) {
      shop.awaitConfigured(1, 1);

      assertThat(shop.get("web", REVIEWS, "--times", "20", JASON[0], JASON[1]).versions())
          .isEqualTo(Map.of("v2", 20));
      assertThat(shop.get("web", REVIEWS, "--times", "20").versions()).isEqualTo(Map.of("v1", 20));
    }
  }

  /// A route to a subset never meets a waypoint that does not know the subset.
  @Test
  void subsets_thatComeAndGoWithTheirRoute_costNoRequest() throws Exception {
    List<ShopMesh.Load> loads =
        shop.underLoad(
            List.of(shop.loop("web", REVIEWS, "--mode", "keepalive", "--workers", "4")),
            () -> {
              for (int i = 0; i < 8; i++) {
                try (Applied _ = shop.apply(TO_VERSIONS)) {
                  shop.awaitConfigured(1, 1);
                }
                shop.awaitConfigured(0, 0);
              }
            });
    assertThat(loads)
        .singleElement()
        .satisfies(load -> {
          assertThat(load.failed()).as(load.line()).isZero();
          assertThat(load.requests()).as(load.line()).isGreaterThan(200);
        });
  }

  @Test
  void delay_asAFault_isWaitedForByOneUser_andNotByOthers() throws Exception {
    try (Applied _ = shop.apply(fault("delay: {fixedDelay: 2s, percentage: {value: 100}}"))) {
      shop.awaitConfigured(1, 0);

      Answers jason = shop.get("web", RATINGS, "--times", "2", JASON[0], JASON[1]);
      assertThat(jason.statuses()).isEqualTo(Map.of("200", 2));
      assertThat(jason.millis()).hasSize(2).allMatch(millis -> millis >= 2000);
      Answers others = shop.get("web", RATINGS, "--times", "5");
      assertThat(others.statuses()).isEqualTo(Map.of("200", 5));
      assertThat(others.millis()).hasSize(5).allMatch(millis -> millis < 2000);
    }
  }

  @Test
  void abort_asAFault_isGivenToOneUser_andNotToOthers() throws Exception {
    int before = shop.served("ratings", "/aborted");
    try (Applied _ = shop.apply(fault("abort: {httpStatus: 500, percentage: {value: 100}}"))) {
      shop.awaitConfigured(1, 0);

      Answers jason = shop.get("web", RATINGS + "aborted", "--times", "10", JASON[0], JASON[1]);
      assertThat(jason.statuses()).isEqualTo(Map.of("500", 10));
      assertThat(jason.text()).contains("fault filter abort");
      assertThat(shop.served("ratings", "/aborted")).as("requests that arrived").isEqualTo(before);
      assertThat(shop.get("web", RATINGS + "aborted", "--times", "10").statuses())
          .isEqualTo(Map.of("200", 10));
      assertThat(shop.served("ratings", "/aborted")).isEqualTo(before + 10);
    }
  }

  private static String fault(String fault) {
    return """
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: ratings, namespace: bookshop}
    spec:
      hosts: [ratings]
      http:
        - match: [{headers: {x-user: {exact: jason}}}]
          fault: {FAULT}
          route: [{destination: {host: ratings}}]
        - route: [{destination: {host: ratings}}]
    """
        .replace("FAULT", fault);
  }

  @Test
  void timeout_ofARoute_endsWhatTakesLonger_with504() throws Exception {
    try (Applied _ =
        shop.apply(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: details, namespace: bookshop}
            spec:
              parentRefs: [{group: "", kind: Service, name: details, port: 8080}]
              rules:
                - timeouts: {request: 500ms}
                  backendRefs: [{name: details, port: 8080}]
            """)) {
      shop.awaitConfigured(1, 0);

      Answers slow = shop.get("web", DETAILS + "delay/5000", "--times", "3");
      assertThat(slow.statuses()).isEqualTo(Map.of("504", 3));
      assertThat(slow.text()).contains("upstream request timeout");
      assertThat(slow.millis()).allMatch(millis -> millis >= 500 && millis < 5000);
      assertThat(shop.get("web", DETAILS, "--times", "10").statuses()).isEqualTo(Map.of("200", 10));
    }
  }

  @Test
  void retries_hideFromTheClientThatEveryOtherAnswerIsAFailure() throws Exception {
    String failing = DETAILS + "failing/2";
    assertThat(shop.get("web", failing, "--times", "10").statuses())
        .as("without retries")
        .isEqualTo(Map.of("200", 5, "503", 5));
    int before = shop.served("details", "/failing/2");
    try (Applied _ =
        shop.apply(
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: details, namespace: bookshop}
            spec:
              hosts: [details]
              http:
                - retries: {attempts: 2, retryOn: 5xx}
                  route: [{destination: {host: details}}]
            """)) {
      shop.awaitConfigured(1, 0);

      assertThat(shop.get("web", failing, "--times", "20").statuses()).isEqualTo(Map.of("200", 20));
      assertThat(shop.served("details", "/failing/2")).as("attempts").isEqualTo(before + 40);
      assertThat(shop.get("web", DETAILS + "status/503").statuses())
          .as("what fails always")
          .isEqualTo(Map.of("503", 1));
      assertThat(shop.served("details", "/status/503")).as("its attempts").isEqualTo(3);
    }
  }

  /// One is under way, one waits for it, and there is no room for more.
  @Test
  void connectionPool_thatIsFull_refusesTheRestAtOnce_with503() throws Exception {
    double before = overflows();
    try (Applied _ =
        shop.apply(
            """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: details, namespace: bookshop}
            spec:
              host: details
              trafficPolicy:
                connectionPool:
                  tcp: {maxConnections: 1}
                  http: {http1MaxPendingRequests: 1}
            """)) {
      shop.awaitConfigured(0, 1);

      Answers answers =
          shop.curl("web", DETAILS + "delay/1500?[1-6]", "--parallel", "--parallel-immediate");
      assertThat(answers.statuses()).isEqualTo(Map.of("200", 2, "503", 4));
      assertThat(answers.text()).contains("reset reason: overflow");
      assertThat(overflows() - before).as("counted as overflow").isEqualTo(4);
      assertThat(shop.get("web", DETAILS, "--times", "10").statuses())
          .as("one after the other")
          .isEqualTo(Map.of("200", 10));
    }
  }

  private static double overflows() throws Exception {
    return shop.waypointMetric("istio_requests_total", "response_flags=\"UO\"");
  }

  /// Two of three versions cannot answer without ratings.
  @Test
  void outliers_thatFailInARow_areLeftAlone_asLongAsThatIsWanted() throws Exception {
    try (Applied _ =
        shop.apply(
            """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: reviews, namespace: bookshop}
            spec:
              host: reviews
              trafficPolicy:
                outlierDetection: {consecutive5xxErrors: 2, baseEjectionTime: 10m, maxEjectionPercent: 100}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: ratings, namespace: bookshop}
            spec:
              hosts: [ratings]
              http:
                - fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
                  route: [{destination: {host: ratings}}]
            """)) {
      shop.awaitConfigured(1, 1);

      Answers answers = shop.get("web", REVIEWS, "--times", "60");

      // Forty fail without it.
      assertThat(answers.statuses()).isEqualTo(Map.of("200", 56, "502", 4));
      assertThat(answers.versions()).isEqualTo(Map.of("v1", 56));
    }
    Eventually.holds(
        "all versions answer again",
        ShopMesh.SOON,
        () -> shop.curl("web", REVIEWS + "?[1-20]").versions().size() == 3);
  }

  @Test
  void mirror_getsACopyOfEachRequest_andTheClientSeesNothingOfIt() throws Exception {
    try (Applied _ =
        shop.apply(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: reviews, namespace: bookshop}
            spec:
              parentRefs: [{group: "", kind: Service, name: reviews, port: 8080}]
              rules:
                - filters:
                    - type: RequestMirror
                      requestMirror: {backendRef: {name: reviews-v2, port: 8080}}
                  backendRefs: [{name: reviews-v1, port: 8080}]
            """)) {
      shop.awaitConfigured(1, 0);

      assertThat(shop.get("web", REVIEWS + "mirrored", "--times", "20").versions())
          .isEqualTo(Map.of("v1", 20));

      assertThat(shop.served("reviews-v1", "/mirrored")).isEqualTo(20);
      Eventually.holds(
          "copies have arrived", ShopMesh.SOON, () -> shop.served("reviews-v2", "/mirrored") == 20);
      assertThat(shop.served("reviews-v3", "/mirrored")).isZero();
    }
  }

  /// Of 200 a fifth is 40; less than 15 or more than 65 happens once in a hundred thousand runs.
  @ParameterizedTest
  @ValueSource(strings = {TCP_ROUTE, TCP_OF_VIRTUAL_SERVICE})
  void weights_80And20OfARouteOfStreams_shareTheConnectionsLikeThat(String route) throws Exception {
    try (Applied _ = shop.apply(route)) {
      Eventually.holds(
          "the third version gets no connection any more",
          ShopMesh.SOON,
          () -> !shop.greetings("web", "reviews", 20).containsKey("v3,hello"));

      Map<String, Integer> greetings = shop.greetings("web", "reviews", 200);

      assertThat(greetings).containsOnlyKeys("v1,hello", "v2,hello");
      assertThat(greetings.get("v2,hello")).isBetween(15, 65);
    }
    Eventually.holds(
        "all versions get connections again",
        ShopMesh.SOON,
        () -> shop.greetings("web", "reviews", 20).size() == 3);
  }
}
