package adit.e2e;

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
import java.util.Date;

/// Signs tokens (RFC 7519, ES256) with a key of its own.
///
/// @param key private, never shown
record TokenIssuer(ECKey key) {
  static final String NAME = "https://issuer.example";
  private static final Duration GOOD_FOR = Duration.ofMinutes(10);

  static TokenIssuer create() throws JOSEException {
    return new TokenIssuer(new ECKeyGenerator(Curve.P_256).keyID("one").generate());
  }

  /// The public half, as a JSON Web Key Set.
  String keys() {
    return new JWKSet(key.toPublicJWK()).toString();
  }

  /// @param group value of the claim of that name
  String token(String group) throws JOSEException {
    var claims =
        new JWTClaimsSet.Builder()
            .issuer(NAME)
            .subject("somebody")
            .claim("group", group)
            .expirationTime(Date.from(Instant.now().plus(GOOD_FOR)))
            .build();
    var token =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("one").build(), claims);
    token.sign(new ECDSASigner(key));
    return token.serialize();
  }
}
