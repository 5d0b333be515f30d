package adit.istiod.app;

import adit.source.SourceEnvironment;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;

/// A control plane over a directory, with an issuer of tokens.
final class Deployment implements AutoCloseable {
  static final ControlPlane.Ports ANY = new ControlPlane.Ports(0, 0, 0, 0, 0);

  private final Path directory;
  private final ECKey issuer;
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private final LogOutput output =
      LogOutput.start(lines, LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC());

  Deployment(Path directory) throws IOException, JOSEException {
    this.directory = directory;
    issuer = new ECKeyGenerator(Curve.P_256).keyID("k").generate();
    Files.createDirectories(directory.resolve("cluster"));
    Files.createDirectories(directory.resolve("status"));
    Files.writeString(directory.resolve("jwks.json"), new JWKSet(issuer.toPublicJWK()).toString());
  }

  ControlPlane start(ControlPlane.Ports ports) throws Exception {
    return start(cluster(), ports);
  }

  ControlPlane start(ControlPlane.Cluster cluster, ControlPlane.Ports ports) throws Exception {
    return ControlPlane.start(config(), cluster, ports, output);
  }

  /// @param age of connections; less than a configuration may have
  ControlPlane start(ControlPlane.Cluster cluster, ControlPlane.Ports ports, Duration age)
      throws Exception {
    IstiodConfig config = config();
    IstiodConfig.Lives lives = config.lives();
    return ControlPlane.start(
        new IstiodConfig(
            config.mesh(),
            config.replica(),
            config.trustedNodeAccounts(),
            config.authenticate(),
            config.rootDirectory(),
            new IstiodConfig.Lives(lives.standard(), lives.longest(), lives.root(), age),
            config.debounceAfter(),
            config.debounceMax(),
            config.serverNames(),
            config.waypointImage()),
        cluster,
        ports,
        output);
  }

  private IstiodConfig config() {
    return IstiodConfig.of(Map.of("ROOT_CA_DIR", directory.resolve("ca").toString()));
  }

  ControlPlane.Cluster cluster() {
    Map<String, String> env =
        Map.of(
            "ADIT_SOURCE_DIR", directory.resolve("cluster") + ":" + directory.resolve("status"),
            "ADIT_STATUS_DIR", directory.resolve("status").toString(),
            "ADIT_TOKEN_JWKS", directory.resolve("jwks.json").toString());
    return ControlPlane.Cluster.of(new SourceEnvironment(env, Clock.systemUTC(), this::warn));
  }

  void warn(String message) {
    output.scope("source").warn(message);
  }

  Path roots() {
    return directory.resolve("ca/root-cert.pem");
  }

  /// Writes a file of the cluster, whole or not at all.
  void write(String name, String text) throws IOException {
    Path temporary = Files.writeString(directory.resolve("new"), text);
    Files.move(
        temporary, directory.resolve("cluster").resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  String events() throws IOException {
    Path file = directory.resolve("status/events.jsonl");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  String log() {
    output.flush(Duration.ofSeconds(10));
    return lines.toString(StandardCharsets.UTF_8);
  }

  /// A token of `istio-system/ztunnel`, bound to a pod.
  String token(String pod) throws JOSEException {
    return token("istio-system", "ztunnel", pod);
  }

  /// A token of a service account, bound to a pod.
  String token(String namespace, String serviceAccount, String pod) throws JOSEException {
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .subject("system:serviceaccount:" + namespace + ":" + serviceAccount)
            .audience("istio-ca")
            .expirationTime(Date.from(Instant.now().plusSeconds(600)))
            .claim(
                "kubernetes.io",
                Map.of("namespace", namespace, "pod", Map.of("name", pod, "uid", "u-" + pod)))
            .build();
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(issuer.getKeyID()).build(), claims);
    jwt.sign(new ECDSASigner(issuer));
    return jwt.serialize();
  }

  @Override
  public void close() {
    output.close();
  }
}
