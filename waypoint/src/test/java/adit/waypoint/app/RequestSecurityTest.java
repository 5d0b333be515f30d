package adit.waypoint.app;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.l7.Authentication;
import adit.protos.l7.Condition;
import adit.protos.l7.JwtRule;
import adit.protos.l7.Operation;
import adit.protos.l7.PolicyRule;
import adit.protos.l7.RateLimit;
import adit.protos.l7.RequestPolicy;
import adit.protos.l7.Target;
import adit.protos.workload.AppProtocol;
import adit.protos.workload.Service;
import adit.xds.TypeUrls;
import com.google.protobuf.Duration;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tokens and rate limits, through the whole program.
final class RequestSecurityTest {
  private static final String A = "shop/a.shop.svc.cluster.local";
  private static final String ISSUER = "https://issuer.example";

  private LoopMesh mesh;
  private TextBackend backend;
  private ECKey key;

  @BeforeEach
  void open() throws Exception {
    mesh = new LoopMesh();
    backend = TextBackend.start("127.0.0.2", "a");
    key = new ECKeyGenerator(Curve.P_256).keyID("k1").generate();
    Service.Builder service = LoopMesh.service("a", 80, backend.port(), "10.96.0.1");
    service.getPortsBuilder(0).setAppProtocol(AppProtocol.HTTP11);
    mesh.publish(service, "127.0.0.2");
  }

  @AfterEach
  void close() throws Exception {
    backend.close();
    mesh.close();
  }

  private static Target.Builder target() {
    return Target.newBuilder().setService(A);
  }

  private void authenticate(JwtRule.Builder rule) {
    mesh.put(
        TypeUrls.AUTHENTICATION,
        "shop/jwt",
        Authentication.newBuilder()
            .setNamespace("shop")
            .setName("jwt")
            .addTargets(target())
            .addRules(rule)
            .build());
  }

  private JwtRule.Builder inline() {
    return JwtRule.newBuilder().setIssuer(ISSUER).setJwks(new JWKSet(key.toPublicJWK()).toString());
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .subject("me")
        .claim("groups", List.of("user", "admin"))
        .expirationTime(Date.from(Instant.now().plusSeconds(3600)));
  }

  private static String signed(ECKey with, JWTClaimsSet claims) throws JOSEException {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(with.getKeyID()).build(), claims);
    token.sign(new ECDSASigner(with));
    return token.serialize();
  }

  private String get(String... headers) throws Exception {
    StringBuilder request = new StringBuilder("GET / HTTP/1.1\r\nHost: a\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return mesh.connect("10.96.0.1:80")
        .send(request.append("Connection: close\r\n\r\n").toString())
        .awaitEnd();
  }

  private String getWith(String token) throws Exception {
    return get("Authorization: Bearer " + token);
  }

  @Test
  void token_thatIsGood_passes_andIsNotForwarded() throws Exception {
    authenticate(
        inline()
            .addOutputClaims(
                JwtRule.ClaimToHeader.newBuilder().setHeader("X-Groups").setClaim("groups")));

    String answer =
        get("Authorization: Bearer " + signed(key, claims().build()), "X-Groups: forged");

    assertThat(answer)
        .startsWith("HTTP/1.1 200 ")
        .contains("x-groups: user,admin")
        .doesNotContain("forged")
        .doesNotContainIgnoringCase("authorization: bearer");
  }

  @Test
  void token_thatIsNotBelieved_is401_whateverIsWrongWithIt() throws Exception {
    authenticate(inline().addAudiences("shop"));
    ECKey other = new ECKeyGenerator(Curve.P_256).keyID("k1").generate();
    JWTClaimsSet good = claims().audience("shop").build();
    // The public key as a shared secret: everybody has it.
    SignedJWT confused = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), good);
    confused.sign(new MACSigner(key.toPublicJWK().toJSONString()));

    assertThat(getWith(signed(key, good))).startsWith("HTTP/1.1 200 ");
    assertThat(getWith(signed(other, good))).startsWith("HTTP/1.1 401 ");
    assertThat(getWith(confused.serialize())).startsWith("HTTP/1.1 401 ");
    assertThat(getWith(signed(key, claims().audience("else").build())))
        .startsWith("HTTP/1.1 401 ")
        .contains("Audiences in Jwt are not allowed");
    assertThat(
            getWith(
                signed(
                    key,
                    claims()
                        .audience("shop")
                        .expirationTime(Date.from(Instant.now().minusSeconds(120)))
                        .build())))
        .startsWith("HTTP/1.1 401 ")
        .contains("Jwt is expired");
    assertThat(getWith(signed(key, claims().audience("shop").issuer("else").build())))
        .startsWith("HTTP/1.1 401 ");
    assertThat(getWith("nonsense")).startsWith("HTTP/1.1 401 ");
    assertThat(getWith("x".repeat(30_000))).startsWith("HTTP/1.1 401 ");
    assertThat(get()).as("without a token").startsWith("HTTP/1.1 200 ");
    // No header is that long: it is refused before anybody looks for a token.
    assertThat(getWith("x".repeat(100_000))).startsWith("HTTP/1.1 431 ");
  }

  @Test
  void claim_decidesByPolicy() throws Exception {
    authenticate(inline());
    mesh.put(
        TypeUrls.REQUEST_POLICY,
        "shop/admins",
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName("admins")
            .setAction(RequestPolicy.Action.ALLOW)
            .addTargets(target())
            .addRules(
                PolicyRule.newBuilder()
                    .addWhen(
                        Condition.newBuilder()
                            .setKey("request.auth.claims[groups]")
                            .addValues("admin")))
            .build());

    assertThat(getWith(signed(key, claims().build()))).startsWith("HTTP/1.1 200 ");
    assertThat(getWith(signed(key, claims().claim("groups", List.of("user")).build())))
        .startsWith("HTTP/1.1 403 ");
    assertThat(get()).startsWith("HTTP/1.1 403 ");
  }

  @Test
  void keys_atAnAddress_areFetchedOnce() throws Exception {
    var set = new AtomicReference<>(new JWKSet(key.toPublicJWK()).toString());
    var fetches = new AtomicInteger();
    HttpServer issuer =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer.createContext(
        "/keys",
        exchange -> {
          fetches.incrementAndGet();
          byte[] bytes = set.get().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    issuer.start();
    try {
      authenticate(
          JwtRule.newBuilder()
              .setIssuer(ISSUER)
              .setJwksUri("http://127.0.0.1:" + issuer.getAddress().getPort() + "/keys"));

      assertThat(getWith(signed(key, claims().build()))).startsWith("HTTP/1.1 200 ");
      assertThat(getWith(signed(key, claims().build()))).startsWith("HTTP/1.1 200 ");
      assertThat(fetches).hasValue(1);
    } finally {
      issuer.stop(0);
    }
  }

  @Test
  void keys_thatCannotBeFetched_letNoTokenPass() throws Exception {
    authenticate(JwtRule.newBuilder().setIssuer(ISSUER).setJwksUri("http://127.0.0.1:1/keys"));

    assertThat(getWith(signed(key, claims().build())))
        .startsWith("HTTP/1.1 401 ")
        .contains("Jwks remote fetch is failed");
    assertThat(get()).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void keySet_thatIsHuge_isNotRead() throws Exception {
    HttpServer issuer =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    byte[] huge = "x".repeat(10 << 20).getBytes(StandardCharsets.US_ASCII);
    issuer.createContext(
        "/keys",
        exchange -> {
          exchange.sendResponseHeaders(200, huge.length);
          exchange.getResponseBody().write(huge);
          exchange.close();
        });
    issuer.start();
    try {
      authenticate(
          JwtRule.newBuilder()
              .setIssuer(ISSUER)
              .setJwksUri("http://127.0.0.1:" + issuer.getAddress().getPort() + "/keys"));

      assertThat(getWith(signed(key, claims().build()))).startsWith("HTTP/1.1 401 ");
    } finally {
      issuer.stop(0);
    }
  }

  @Test
  void requests_aboveTheLimit_are429_perDescriptor() throws Exception {
    mesh.put(
        TypeUrls.RATE_LIMIT,
        "shop/limit",
        RateLimit.newBuilder()
            .setNamespace("shop")
            .setName("limit")
            .addTargets(target())
            .addLimits(
                RateLimit.Limit.newBuilder()
                    .setRequests(2)
                    .setUnit(Duration.newBuilder().setSeconds(3600))
                    .addBy(RateLimit.Descriptor.newBuilder().setHeader("x-user")))
            .build());

    assertThat(get("X-User: a")).startsWith("HTTP/1.1 200 ");
    assertThat(get("X-User: a")).startsWith("HTTP/1.1 200 ");
    assertThat(get("X-User: a"))
        .startsWith("HTTP/1.1 429 ")
        .contains("retry-after: 1800\r\n")
        .contains("x-ratelimit-limit: 2\r\n");
    assertThat(get("X-User: b")).startsWith("HTTP/1.1 200 ");
  }

  /// What the waypoint does not take for HTTP a lenient backend may.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET  /admin HTTP/1.1\r\nHost: a\r\n\r\n",
        "get /admin HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/admin HTTP/1.1\r\nHost: a\r\n\r\n",
      })
  void requestThatLooksLikeNone_onAPortThatSaysNothing_doesNotPassADenial(String request)
      throws Exception {
    Service.Builder service = LoopMesh.service("u", 80, backend.port(), "10.96.0.7");
    mesh.publish(service, "127.0.0.2");
    mesh.put(
        TypeUrls.REQUEST_POLICY,
        "shop/admin",
        RequestPolicy.newBuilder()
            .setNamespace("shop")
            .setName("admin")
            .setAction(RequestPolicy.Action.DENY)
            .addTargets(Target.newBuilder().setService("shop/u.shop.svc.cluster.local"))
            .addRules(PolicyRule.newBuilder().addTo(Operation.newBuilder().addPaths("/admin*")))
            .build());

    assertThat(mesh.connect("10.96.0.7:80").send(request).awaitEnd()).startsWith("!stream reset");
    assertThat(backend.served()).isEmpty();
  }

  /// Streams of another connection inside of this one would pass by every policy.
  @Test
  void upgradeToHttp2_isNotPassedOn() throws Exception {
    String answer =
        mesh.connect("10.96.0.1:80")
            .send(
                """
                GET /x HTTP/1.1\r
                Host: a\r
                Connection: Upgrade, HTTP2-Settings, close\r
                Upgrade: h2c\r
                HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r
                \r
                """)
            .awaitEnd();

    assertThat(answer)
        .startsWith("HTTP/1.1 200 ")
        .contains("a GET /x")
        .doesNotContainIgnoringCase("h2c")
        .doesNotContainIgnoringCase("http2-settings");
  }
}
