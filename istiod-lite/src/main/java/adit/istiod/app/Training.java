package adit.istiod.app;

import adit.identity.ca.SigningException;
import adit.source.SourceEnvironment;
import adit.telemetry.Log;
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
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/// The run from which the archive is made: of classes, their links, and what the compilers learned
/// about hot methods. The real control plane on free ports of loopback, over a directory of its own
/// and then over an API server with pods that change, and proxies that ask it for the mesh and for
/// certificates. Nothing is left on the machine.
final class Training {
  private static final String CLUSTER =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
      ---
      apiVersion: v1
      kind: Node
      metadata: {name: n1}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {namespace: istio-system, name: ztunnel-n1, uid: u-ztunnel-n1}
      spec: {nodeName: n1, serviceAccountName: ztunnel}
      status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {namespace: shop, name: web, uid: u-web, labels: {app: web}}
      spec: {nodeName: n1, serviceAccountName: web}
      status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {namespace: shop, name: web}
      spec: {clusterIP: 10.1.0.1, selector: {app: web}, ports: [{name: http, port: 80}]}
      ---
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {namespace: shop, name: only-web}
      spec:
        action: ALLOW
        rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
      """;

  private final Path directory;
  private final ECKey issuer;

  private Training(Path directory) throws JOSEException {
    this.directory = directory;
    issuer = new ECKeyGenerator(Curve.P_256).keyID("training").generate();
  }

  /// Blocks for some seconds.
  ///
  /// @param size of the API server's cluster
  /// @return whether everything went through; what did not is told in the log
  static boolean run(Log log, TrainingApiServer.Size size) {
    try {
      Path directory = Files.createTempDirectory("adit-training-");
      try {
        Training training = new Training(directory);
        training.overADirectory();
        training.overAnApiServer(size);
        log.info("trained");
        return true;
      } finally {
        delete(directory);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    } catch (IOException
        | JOSEException
        | SigningException
        | ExecutionException
        | TimeoutException
        | RuntimeException e) {
      log.error("training failed", "error", e);
      return false;
    }
  }

  private static void delete(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void overADirectory()
      throws IOException,
          JOSEException,
          SigningException,
          InterruptedException,
          ExecutionException,
          TimeoutException {
    Path cluster = Files.createDirectory(directory.resolve("cluster"));
    Path status = Files.createDirectory(directory.resolve("status"));
    Path keys = directory.resolve("jwks.json");
    Files.writeString(keys, new JWKSet(issuer.toPublicJWK()).toString());
    Files.writeString(cluster.resolve("shop.yaml"), CLUSTER);
    Map<String, String> environment =
        Map.of(
            "ROOT_CA_DIR", directory.resolve("ca").toString(),
            "ADIT_SOURCE_DIR", cluster + ":" + status,
            "ADIT_STATUS_DIR", status.toString(),
            "ADIT_TOKEN_JWKS", keys.toString());
    try (var lines = silent();
        ControlPlane plane = start(environment, lines);
        TrainingProxy proxy =
            new TrainingProxy(
                plane.ports().secure(), directory.resolve("ca/root-cert.pem"), token(), "")) {
      proxy.ask();
    }
  }

  private void overAnApiServer(TrainingApiServer.Size size)
      throws IOException,
          SigningException,
          InterruptedException,
          ExecutionException,
          TimeoutException {
    Path config = directory.resolve("kubeconfig");
    Map<String, String> environment =
        Map.of(
            "ROOT_CA_DIR", directory.resolve("none").toString(),
            "KUBECONFIG", config.toString());
    try (TrainingApiServer server = new TrainingApiServer(size);
        var lines = silent()) {
      Files.writeString(config, server.kubeconfig());
      ControlPlane plane = start(environment, lines);
      Path roots = Files.writeString(directory.resolve("api-roots.pem"), server.roots());
      int port = plane.ports().secure();
      try (plane;
          TrainingProxy one = new TrainingProxy(port, roots, "token", server.last());
          TrainingProxy other = new TrainingProxy(port, roots, "token", server.last())) {
        one.ask();
        other.ask();
        server.change();
        one.awaitLast();
        other.awaitLast();
      }
    }
  }

  private static LogOutput silent() {
    return LogOutput.start(
        OutputStream.nullOutputStream(), LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC());
  }

  private static ControlPlane start(Map<String, String> environment, LogOutput lines)
      throws IOException, SigningException, InterruptedException {
    var sources =
        new SourceEnvironment(
            environment, Clock.systemUTC(), message -> lines.scope("source").warn(message));
    return ControlPlane.start(
        IstiodConfig.of(environment),
        ControlPlane.Cluster.of(sources),
        new ControlPlane.Ports(0, 0, 0, 0, 0),
        lines);
  }

  /// As Kubernetes would have bound it to the proxy's pod.
  private String token() throws JOSEException {
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .subject("system:serviceaccount:istio-system:ztunnel")
            .audience("istio-ca")
            .expirationTime(Date.from(Instant.now().plus(Duration.ofMinutes(10))))
            .claim(
                "kubernetes.io",
                Map.of(
                    "namespace",
                    "istio-system",
                    "pod",
                    Map.of("name", "ztunnel-n1", "uid", "u-ztunnel-n1")))
            .build();
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(issuer.getKeyID()).build(), claims);
    jwt.sign(new ECDSASigner(issuer));
    return jwt.serialize();
  }
}
