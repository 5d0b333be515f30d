package adit.waypoint.authenticate;

import adit.l7.Authentication.Jwt;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whether a token is what it says, by the keys of its issuer. Pure.
///
/// Only signatures by asymmetric keys count: `none`, and a public key taken for a shared secret,
/// cannot happen.
final class SignatureCheck {
  /// Longest token that is read, characters.
  static final int MAX_TOKEN = 16 << 10;

  private static final Duration SKEW = Duration.ofSeconds(60);
  private static final int MOST_KEYS = 16;
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  private SignatureCheck() {}

  /// What came of a check.
  sealed interface Outcome {
    /// It is.
    record Good(VerifiedToken token, String payload) implements Outcome {}

    /// It is not.
    ///
    /// @param reason the reference's words
    /// @param unknownKey no key of its name is known: newer keys may have it
    record Bad(String reason, boolean unknownKey) implements Outcome {}
  }

  /// Reads a token without believing it; null if it is none.
  static @Nullable SignedJWT parseOrNull(String text) {
    if (text.length() > MAX_TOKEN) {
      return null;
    }
    try {
      SignedJWT token = SignedJWT.parse(text);
      return token.getJWTClaimsSet() == null ? null : token;
    } catch (ParseException | IllegalArgumentException _) {
      return null;
    }
  }

  static Outcome check(SignedJWT token, Jwt rule, JWKSet keys, Instant now) {
    try {
      JWTClaimsSet claims = token.getJWTClaimsSet();
      String refused = refusedOrNull(claims, rule, now);
      if (refused != null) {
        return new Outcome.Bad(refused, false);
      }
      Outcome.Bad unsigned = unsignedOrNull(token, keys);
      if (unsigned != null) {
        return unsigned;
      }
      Set<String> lists = new HashSet<>(rule.spaceDelimited());
      lists.add("scope");
      String subject = claims.getSubject();
      return new Outcome.Good(
          new VerifiedToken(
              rule.issuer(),
              subject == null ? "" : subject,
              claims.getAudience(),
              claims.toJSONObject(),
              lists),
          token.getPayload().toBase64URL().toString());
    } catch (ParseException | JOSEException e) {
      return new Outcome.Bad("Jwt verification fails", false);
    }
  }

  private static @Nullable String refusedOrNull(JWTClaimsSet claims, Jwt rule, Instant now) {
    if (!rule.issuer().equals(claims.getIssuer())) {
      return "Jwt issuer is not configured";
    }
    Date expires = claims.getExpirationTime();
    if (expires != null && now.isAfter(expires.toInstant().plus(SKEW))) {
      return "Jwt is expired";
    }
    Date from = claims.getNotBeforeTime();
    if (from != null && now.isBefore(from.toInstant().minus(SKEW))) {
      return "Jwt not yet valid";
    }
    List<String> wanted = rule.audiences();
    boolean meant = wanted.isEmpty() || claims.getAudience().stream().anyMatch(wanted::contains);
    return meant ? null : "Audiences in Jwt are not allowed";
  }

  private static Outcome.@Nullable Bad unsignedOrNull(SignedJWT token, JWKSet keys)
      throws JOSEException {
    JWSHeader header = token.getHeader();
    if (!ALGORITHMS.contains(header.getAlgorithm())) {
      return new Outcome.Bad("Jwt header [alg] is not supported", false);
    }
    var factory = new DefaultJWSVerifierFactory();
    int tried = 0;
    for (JWK key : keys.getKeys()) {
      if (!fits(key, header) || tried++ >= MOST_KEYS) {
        continue;
      }
      if (token.verify(factory.createJWSVerifier(header, ((AsymmetricJWK) key).toPublicKey()))) {
        return null;
      }
    }
    return tried == 0
        ? new Outcome.Bad("Jwks doesn't have key to match kid or alg from Jwt", true)
        : new Outcome.Bad("Jwt verification fails", false);
  }

  private static boolean fits(JWK key, JWSHeader header) {
    JWSAlgorithm algorithm = header.getAlgorithm();
    boolean kind =
        switch (key.getKeyType().getValue()) {
          case "RSA" -> JWSAlgorithm.Family.RSA.contains(algorithm);
          case "EC" -> JWSAlgorithm.Family.EC.contains(algorithm);
          default -> false;
        };
    boolean use = key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE);
    boolean said = key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm);
    boolean name = header.getKeyID() == null || header.getKeyID().equals(key.getKeyID());
    return kind && use && said && name && key instanceof AsymmetricJWK;
  }
}
