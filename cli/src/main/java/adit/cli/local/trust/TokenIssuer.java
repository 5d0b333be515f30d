package adit.cli.local.trust;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.UUID;

/// Issues tokens with Kubernetes' claims, bound to a pod. The key lives as long as the instance.
public final class TokenIssuer {
  private static final String ISSUER = "https://kubernetes.default.svc.cluster.local";
  private static final String AUDIENCE = "istio-ca";
  private static final Duration LIFETIME = Duration.ofHours(24);

  private final ECKey key;
  private final Path keySet;
  private final Clock clock;

  private TokenIssuer(ECKey key, Path keySet, Clock clock) {
    this.key = key;
    this.keySet = keySet;
    this.clock = clock;
  }

  /// The pod that a token speaks for.
  ///
  /// @param namespace its namespace
  /// @param serviceAccount its service account
  /// @param name its name
  /// @param uid its uid
  /// @param node its node
  public record Bound(
      String namespace, String serviceAccount, String name, String uid, String node) {}

  /// Makes a key and writes its public half as a JWKS file into a directory.
  public static TokenIssuer create(Path directory, Clock clock) throws IOException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      ECKey key =
          new ECKeyGenerator(Curve.P_256)
              .keyID(UUID.randomUUID().toString())
              .algorithm(JWSAlgorithm.ES256)
              .generate();
      Path keySet = directory.resolve("tokens.jwks.json");
      Files.writeString(keySet, new JWKSet(key.toPublicJWK()).toString());
      return new TokenIssuer(key, keySet, clock);
    } catch (JOSEException e) {
      throw new IOException("cannot make a key: " + e.getMessage(), e);
    }
  }

  /// The JWKS file that reviewers of the tokens read.
  public Path keySet() {
    return keySet;
  }

  /// A token that is good for a day.
  public String issue(Bound bound) throws IOException {
    Instant now = clock.instant();
    Map<String, Object> kubernetes =
        Map.of(
            "namespace", bound.namespace(),
            "node", Map.of("name", bound.node()),
            "pod", Map.of("name", bound.name(), "uid", bound.uid()),
            "serviceaccount", Map.of("name", bound.serviceAccount()));
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .subject("system:serviceaccount:" + bound.namespace() + ":" + bound.serviceAccount())
            .issueTime(Date.from(now))
            .notBeforeTime(Date.from(now))
            .expirationTime(Date.from(now.plus(LIFETIME)))
            .jwtID(UUID.randomUUID().toString())
            .claim("kubernetes.io", kubernetes)
            .build();
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.ES256)
            .keyID(key.getKeyID())
            .type(JOSEObjectType.JWT)
            .build();
    SignedJWT token = new SignedJWT(header, claims);
    try {
      token.sign(new ECDSASigner(key));
    } catch (JOSEException e) {
      throw new IOException("cannot sign a token: " + e.getMessage(), e);
    }
    return token.serialize();
  }
}
