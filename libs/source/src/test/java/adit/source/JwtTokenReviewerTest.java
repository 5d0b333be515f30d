package adit.source;

import static org.assertj.core.api.Assertions.assertThat;

import adit.source.TokenReviewer.Review;
import adit.source.TokenReviewer.ServiceAccountToken;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JwtTokenReviewerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path directory;
  private ECKey key;
  private TokenReviewer reviewer;

  @BeforeEach
  void open() throws Exception {
    key = key("k1");
    reviewer =
        JwtTokenReviewer.open(publish(key), Set.of("istio-ca"), Clock.fixed(NOW, ZoneOffset.UTC));
  }

  @Test
  void boundToken_givesAccountAndPod() throws Exception {
    assertThat(reviewer.review(sign(key, claims("system:serviceaccount:shop:web").build())))
        .isEqualTo(new Review.Accepted(new ServiceAccountToken("shop", "web", "web-1", "uid-1")));
  }

  @Test
  void keysThatCannotBeRead_sayNothingAboutTheToken() throws Exception {
    Files.delete(directory.resolve("jwks.json"));

    assertThat(reviewer.review(sign(key, claims("system:serviceaccount:shop:web").build())))
        .isInstanceOf(Review.Unanswered.class);
  }

  @Test
  void tokenOfAnotherKey_isRejected() throws Exception {
    rejects(sign(key("k1"), claims("system:serviceaccount:shop:web").build()), "signature");
  }

  @Test
  void unsignedToken_isRejected() {
    rejects(new PlainJWT(claims("system:serviceaccount:shop:web").build()).serialize(), "token");
  }

  @Test
  void tokenForAnotherAudience_isRejected() throws Exception {
    rejects(sign(key, claims("system:serviceaccount:shop:web").audience("api").build()), "aud");
  }

  @Test
  void expiredToken_isRejected() throws Exception {
    Date past = Date.from(NOW.minusSeconds(60));
    rejects(sign(key, claims("system:serviceaccount:a:b").expirationTime(past).build()), "exp");
  }

  @Test
  void tokenOfAUser_isRejected() throws Exception {
    rejects(sign(key, claims("alice").build()), "user");
  }

  @Test
  void garbage_isRejected() {
    rejects("a.b.c", "token");
    rejects("x".repeat(20_000), "token");
  }

  @Test
  void keysFile_isReadAgainWhenItChanged() throws Exception {
    ECKey next = key("a-longer-name-so-that-the-size-differs");
    String token = sign(next, claims("system:serviceaccount:shop:web").build());
    rejects(token, "signature");

    publish(next);

    assertThat(reviewer.review(token)).isInstanceOf(Review.Accepted.class);
  }

  private void rejects(String token, String what) {
    assertThat(reviewer.review(token))
        .isInstanceOfSatisfying(
            Review.Rejected.class, rejected -> assertThat(rejected.reason()).startsWith(what));
  }

  private Path publish(ECKey published) throws Exception {
    return Files.writeString(
        directory.resolve("jwks.json"), new JWKSet(published.toPublicJWK()).toString());
  }

  private static ECKey key(String id) throws JOSEException {
    return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
  }

  private static JWTClaimsSet.Builder claims(String subject) {
    return new JWTClaimsSet.Builder()
        .subject(subject)
        .audience("istio-ca")
        .expirationTime(Date.from(NOW.plusSeconds(600)))
        .claim(
            "kubernetes.io",
            Map.of("namespace", "shop", "pod", Map.of("name", "web-1", "uid", "uid-1")));
  }

  private static String sign(ECKey key, JWTClaimsSet claims) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build(), claims);
    jwt.sign(new ECDSASigner(key));
    return jwt.serialize();
  }
}
