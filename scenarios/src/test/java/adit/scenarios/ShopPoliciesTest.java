package adit.scenarios;

import static adit.scenarios.ShopMesh.DETAILS;
import static adit.scenarios.ShopMesh.RATINGS;
import static adit.scenarios.ShopMesh.WEB;
import static org.assertj.core.api.Assertions.assertThat;

import adit.scenarios.ShopMesh.Applied;
import adit.scenarios.ShopMesh.Said;
import adit.testkit.Eventually;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Who may do what, and how often, in a shop that has a waypoint.
@ExtendWith(ShopMesh.Extension.class)
@Timeout(120)
final class ShopPoliciesTest {
  private static final String ISSUER = "https://issuer.example";
  private static final String OUTSIDE = "outside/client";

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
  void delete_thatIsDenied_is403InWords_andOthersGoOn_andNobodyWalksAroundTheWaypoint()
      throws Exception {
    int before = shop.served("web", "/books");
    try (Applied _ =
        shop.apply(
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: no-delete, namespace: bookshop}
            spec:
              targetRefs: [{group: "", kind: Service, name: web}]
              action: DENY
              rules: [{to: [{operation: {methods: [DELETE]}}]}]
            """)) {
      shop.await("DELETE is refused", 403, "ratings", WEB, "-X", "DELETE");

      Answers refused = shop.get("ratings", WEB + "books", "--method", "DELETE", "--times", "10");
      assertThat(refused.statuses()).isEqualTo(Map.of("403", 10));
      assertThat(refused.text().lines())
          .hasSize(10)
          .allMatch(line -> line.endsWith(" ms: RBAC: access denied"));
      assertThat(shop.served("web", "/books")).as("requests that arrived").isEqualTo(before);
      assertThat(shop.get("ratings", WEB + "books", "--times", "10").statuses())
          .isEqualTo(Map.of("200", 10));
      shop.awaitRefused("a client outside of the mesh is refused", OUTSIDE, "http://web.bookshop/");
      assertThat(explained("--method", "DELETE"))
          .satisfies(said -> {
            assertThat(said.exit()).isEqualTo(1);
            assertThat(said.text()).contains("403 by policy bookshop/no-delete rule 0");
          });
      assertThat(explained().exit()).isZero();
    }
  }

  private static Said explained(String... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of("explain", "bookshop/ratings", "bookshop/web:80", "--local", shop.name()));
    words.addAll(List.of(more));
    return shop.run(words.toArray(String[]::new));
  }

  @Test
  void get_thatOneAccountIsAllowed_isRefusedToOthers_andSoIsAnythingElse() throws Exception {
    try (Applied _ =
        shop.apply(
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: web-reads, namespace: bookshop}
            spec:
              targetRefs: [{group: "", kind: Service, name: details}]
              action: ALLOW
              rules:
                - from: [{source: {principals: [cluster.local/ns/bookshop/sa/web]}}]
                  to: [{operation: {methods: [GET]}}]
            """)) {
      shop.await("another account is refused", 403, "ratings", DETAILS);

      assertThat(shop.get("web", DETAILS, "--times", "10").statuses()).isEqualTo(Map.of("200", 10));
      assertThat(shop.get("web", DETAILS, "--times", "5", "--method", "DELETE").statuses())
          .isEqualTo(Map.of("403", 5));
      Answers other = shop.get("ratings", DETAILS, "--times", "5");
      assertThat(other.statuses()).isEqualTo(Map.of("403", 5));
      assertThat(other.text()).contains("RBAC: access denied");
    }
  }

  /// Whatever the policy says of requests, nobody is there who could tell them apart.
  @Test
  void policyOfRequests_withoutAWaypoint_refusesEverybody_ratherThanNobody() throws Exception {
    try (Applied _ =
            shop.patch(
                """
                apiVersion: v1
                kind: Service
                metadata: {name: ratings, namespace: bookshop, labels: {istio.io/use-waypoint: none}}
                """);
        Applied _ =
            shop.apply(
                """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: only-get, namespace: bookshop}
                spec:
                  targetRefs: [{group: "", kind: Service, name: ratings}]
                  action: ALLOW
                  rules: [{to: [{operation: {methods: [GET]}}]}]
                """)) {
      shop.awaitRefused("nobody is let in", "web", RATINGS);

      assertThat(shop.get("web", RATINGS, "--times", "5").statuses()).isEmpty();
      shop.awaitCondition(
          "authorizationpolicy", "only-get", "WaypointAccepted", false, "AncestorNotBound");
      shop.awaitEvent("PolicyNotEnforced", "\"only-get\"", "Warning");
    }
  }

  /// What arrives at the workloads behind a waypoint is the waypoint.
  @Test
  void policyOfWorkloads_thatNamesClients_refusesTheWaypoint_isExplained_andCanBeMigrated()
      throws Exception {
    String[] apply = {
      "waypoint", "apply", "--local", shop.name(), "-n", "bookshop", "--enroll-namespace"
    };
    try (Applied _ =
        shop.apply(
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: details-web, namespace: bookshop}
            spec:
              selector: {matchLabels: {app: details}}
              action: ALLOW
              rules: [{from: [{source: {principals: [cluster.local/ns/bookshop/sa/web]}}]}]
            """)) {
      shop.awaitCondition(
          "service", "details", "adit.io/WaypointAdmitted", false, "bookshop/details-web");
      shop.await("even whom it names is refused", 503, "web", DETAILS);

      Said refused = shop.run(apply);
      assertThat(refused.exit()).isEqualTo(1);
      assertThat(refused.text()).contains("nothing was changed", "bookshop/details-web");

      List<String> migrate = new ArrayList<>(List.of(apply));
      migrate.add("--migrate-policies");
      assertThat(shop.adit(migrate.toArray(String[]::new)))
          .contains("✅ policy bookshop/details-web-at-details applied");
      shop.await("whom it names is served", 200, "web", DETAILS);
      assertThat(shop.get("web", DETAILS, "--times", "10").statuses()).isEqualTo(Map.of("200", 10));
      assertThat(shop.get("ratings", DETAILS, "--times", "5").statuses())
          .isEqualTo(Map.of("403", 5));
    } finally {
      shop.deleteMigratedPolicies();
    }
  }

  @Test
  void token_isAskedFor_andItsIssuerAndClaimsCount() throws Exception {
    ECKey key = key();
    try (Applied _ =
        shop.apply(
            """
            apiVersion: security.istio.io/v1
            kind: RequestAuthentication
            metadata: {name: details, namespace: bookshop}
            spec:
              targetRefs: [{group: "", kind: Service, name: details}]
              jwtRules: [{issuer: ISSUER, jwks: 'KEYS'}]
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: details-readers, namespace: bookshop}
            spec:
              targetRefs: [{group: "", kind: Service, name: details}]
              action: ALLOW
              rules:
                - from: [{source: {requestPrincipals: ["ISSUER/*"]}}]
                  when: [{key: "request.auth.claims[group]", values: [readers]}]
            """
                .replace("ISSUER", ISSUER)
                .replace("KEYS", new JWKSet(key.toPublicJWK()).toString()))) {
      shop.await("no token", 403, "web", DETAILS);
      shop.await("a reader's token", 200, "web", DETAILS, "-H", bearer(key, "readers"));

      assertThat(shop.get("web", DETAILS, "--times", "5").statuses())
          .as("no token")
          .isEqualTo(Map.of("403", 5));
      assertThat(with(bearer(key, "readers"))).as("a reader").isEqualTo(Map.of("200", 5));
      assertThat(with(bearer(key, "writers"))).as("a writer").isEqualTo(Map.of("403", 5));
      assertThat(with(bearer(key(), "readers"))).as("forged").isEqualTo(Map.of("401", 5));
      assertThat(with("Authorization: Bearer no.token")).as("none").isEqualTo(Map.of("401", 5));
    }
    shop.await("no token is asked for any more", 200, "web", DETAILS, "-H", bearer(key(), "x"));
  }

  private static Map<String, Integer> with(String header) throws Exception {
    return shop.get("web", DETAILS, "--times", "5", "--header", header).statuses();
  }

  private static ECKey key() throws JOSEException {
    return new ECKeyGenerator(Curve.P_256).keyID("one").generate();
  }

  private static String bearer(ECKey key, String group) throws JOSEException {
    var claims =
        new JWTClaimsSet.Builder()
            .issuer(ISSUER)
            .subject("somebody")
            .claim("group", group)
            .expirationTime(Date.from(Instant.now().plus(Duration.ofMinutes(10))))
            .build();
    var token =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("one").build(), claims);
    token.sign(new ECDSASigner(key));
    return "Authorization: Bearer " + token.serialize();
  }

  @Test
  void rateLimit_ofEachUser_refusesWhatIsAboveIt_with429_andCountsUsersApart() throws Exception {
    double before = limited();
    try (Applied _ =
        shop.apply(
            """
            apiVersion: adit.io/v1alpha1
            kind: RateLimit
            metadata: {name: details, namespace: bookshop}
            spec:
              targetRefs: [{group: "", kind: Service, name: details}]
              limits: [{name: per-user, requests: 5, unit: Hour, by: [{header: x-user}]}]
            """)) {
      Eventually.holds(
          "requests above the limit are refused",
          ShopMesh.SOON,
          () ->
              shop.curl("web", DETAILS + "?[1-6]", "-H", "x-user: probe")
                  .statuses()
                  .containsKey("429"));
      double probed = limited();

      Map<String, Integer> fiveOfTwelve = Map.of("200", 5, "429", 7);
      assertThat(asUser("jason")).isEqualTo(fiveOfTwelve);
      assertThat(asUser("ann")).isEqualTo(fiveOfTwelve);
      assertThat(limited() - probed).as("counted as refused").isEqualTo(14);
      assertThat(probed).isGreaterThan(before);
    }
    assertThat(asUserEventuallyFree("jason")).isEqualTo(Map.of("200", 12));
  }

  private static Map<String, Integer> asUser(String user) throws Exception {
    return shop.get("web", DETAILS, "--times", "12", "--header", "x-user: " + user).statuses();
  }

  private static Map<String, Integer> asUserEventuallyFree(String user) throws Exception {
    shop.await("no limit any more", 200, "web", DETAILS, "-H", "x-user: " + user);
    return asUser(user);
  }

  private static double limited() throws Exception {
    return shop.waypointMetric("adit_refusals_total", "stage=\"LIMIT\"");
  }
}
