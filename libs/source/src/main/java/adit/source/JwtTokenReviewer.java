package adit.source;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Checks tokens against a JWKS file, for meshes without an API server. The file is read again when
/// it changed. RSA and P-256 keys. Any thread.
public final class JwtTokenReviewer implements TokenReviewer {
  private static final int LONGEST_TOKEN = 16 << 10;
  // Clocks of two processes on one machine may still be stepped apart.
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256);

  private final Path jwks;
  private final Set<String> audiences;
  private final Clock clock;
  private volatile @Nullable Keys keys;

  private record Keys(FileTime time, long bytes, JWKSet set) {}

  private JwtTokenReviewer(Path jwks, Set<String> audiences, Clock clock) {
    this.jwks = jwks;
    this.audiences = Set.copyOf(audiences);
    this.clock = clock;
  }

  /// A reviewer.
  ///
  /// @param jwks file with the public keys of the issuer
  /// @param audiences a token must be for one of these
  /// @param clock for expiry
  public static JwtTokenReviewer open(Path jwks, Set<String> audiences, Clock clock) {
    return new JwtTokenReviewer(jwks, audiences, clock);
  }

  @Override
  public Review review(String token) {
    if (token.length() > LONGEST_TOKEN) {
      return new Review.Rejected("token: " + token.length() + " characters (expected: fewer)");
    }
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      if (!genuine(jwt)) {
        return new Review.Rejected("signature: by none of the keys of " + jwks);
      }
      return check(jwt.getJWTClaimsSet());
    } catch (ParseException | JOSEException e) {
      return new Review.Rejected("token: not a signed JWT (" + e.getMessage() + ")");
    } catch (IOException e) {
      return new Review.Unanswered("keys: " + jwks + " cannot be read (" + e + ")");
    }
  }

  private boolean genuine(SignedJWT jwt) throws JOSEException, IOException, ParseException {
    if (!ALGORITHMS.contains(jwt.getHeader().getAlgorithm())) {
      return false;
    }
    String id = jwt.getHeader().getKeyID();
    for (JWK key : keys().getKeys()) {
      JWSVerifier verifier = verifierOrNull(key, jwt.getHeader().getAlgorithm());
      boolean candidate = id == null || key.getKeyID() == null || id.equals(key.getKeyID());
      if (candidate && verifier != null && jwt.verify(verifier)) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable JWSVerifier verifierOrNull(JWK key, JWSAlgorithm algorithm)
      throws JOSEException {
    return switch (key) {
      case RSAKey rsa when algorithm.equals(JWSAlgorithm.RS256) -> new RSASSAVerifier(rsa);
      case ECKey ec when algorithm.equals(JWSAlgorithm.ES256) -> new ECDSAVerifier(ec);
      default -> null;
    };
  }

  private JWKSet keys() throws IOException, ParseException {
    FileTime time = Files.getLastModifiedTime(jwks);
    long bytes = Files.size(jwks);
    Keys known = keys;
    if (known == null || !known.time().equals(time) || known.bytes() != bytes) {
      known = new Keys(time, bytes, JWKSet.parse(Files.readString(jwks)));
      keys = known;
    }
    return known.set();
  }

  private Review check(JWTClaimsSet claims) throws ParseException {
    Instant now = clock.instant();
    if (Collections.disjoint(claims.getAudience(), audiences)) {
      return new Review.Rejected(
          "aud: " + claims.getAudience() + " (expected: one of " + audiences + ")");
    }
    Date expiry = claims.getExpirationTime();
    if (expiry == null || now.isAfter(expiry.toInstant().plus(SKEW))) {
      return new Review.Rejected("exp: " + expiry + " (expected: later than " + now + ")");
    }
    Date start = claims.getNotBeforeTime();
    if (start != null && now.isBefore(start.toInstant().minus(SKEW))) {
      return new Review.Rejected("nbf: " + start + " (expected: not later than " + now + ")");
    }
    Map<String, Object> kubernetes = claims.getJSONObjectClaim("kubernetes.io");
    Object pod = kubernetes == null ? null : kubernetes.get("pod");
    return ServiceAccountUsers.review(
        String.valueOf(claims.getSubject()), claim(pod, "name"), claim(pod, "uid"));
  }

  private static String claim(@Nullable Object object, String name) {
    return object instanceof Map<?, ?> map && map.get(name) instanceof String text ? text : "";
  }
}
