package adit.istiod.app;

import adit.identity.CaClient;
import adit.identity.ca.SigningException;
import adit.model.SpiffeId;
import adit.protos.core.Node;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.source.SourceEnvironment;
import adit.telemetry.Log;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import adit.xds.DeltaClient;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
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
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// The run from which the archive of classes and their links is made: the real control plane over a
/// directory of its own, on free ports of loopback, and a proxy that asks it for the mesh and for a
/// certificate. Nothing is left on the machine.
final class Training {
  private static final int PATIENCE_SECONDS = 20;
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
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
  /// @return whether everything went through; what did not is told in the log
  static boolean run(Log log) {
    try {
      Path directory = Files.createTempDirectory("adit-training-");
      try {
        new Training(directory).run();
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

  private void run()
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
    try (var lines =
        LogOutput.start(
            OutputStream.nullOutputStream(), LogFormat.PLAIN, LogFilter.INFO, Clock.systemUTC())) {
      var sources =
          new SourceEnvironment(
              environment, Clock.systemUTC(), message -> lines.scope("source").warn(message));
      try (ControlPlane plane =
          ControlPlane.start(
              IstiodConfig.of(environment),
              ControlPlane.Cluster.of(sources),
              new ControlPlane.Ports(0, 0, 0, 0, 0),
              lines)) {
        ask(plane.ports().secure());
      }
    }
  }

  private void ask(int port)
      throws JOSEException, InterruptedException, ExecutionException, TimeoutException {
    String token = token();
    Path roots = directory.resolve("ca/root-cert.pem");
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    ScheduledExecutorService owner = Executors.newSingleThreadScheduledExecutor();
    try (DeltaClient client = proxy(owner, () -> channel(group, port, roots, token));
        CaClient certificates =
            new CaClient(
                new CaClient.Settings(
                    "https://127.0.0.1:" + port,
                    roots.toString(),
                    null,
                    token,
                    "Kubernetes",
                    Map.of(),
                    Duration.ofHours(1),
                    CaClient.Mode.SHARED),
                group,
                EpollSocketChannel::new)) {
      client.start();
      var _ = client.synced().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      var _ = certificates.fetch(WEB).toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } finally {
      owner.shutdownNow();
      var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static DeltaClient proxy(
      ScheduledExecutorService owner, Supplier<ManagedChannel> channels) {
    Node node =
        Node.newBuilder()
            .setId("ztunnel~10.0.0.1~ztunnel-n1.istio-system~istio-system.svc.cluster.local")
            .build();
    return new DeltaClient(
        owner,
        channels,
        () -> node,
        List.of(
            Subscription.of(TypeUrls.ADDRESS, Address.parser(), _ -> List.of()),
            Subscription.of(TypeUrls.AUTHORIZATION, Authorization.parser(), _ -> List.of())),
        new Silence(),
        RandomGenerator.getDefault());
  }

  private static ManagedChannel channel(EventLoopGroup group, int port, Path roots, String token) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    try {
      return NettyChannelBuilder.forAddress("127.0.0.1", port)
          .eventLoopGroup(group)
          .channelType(EpollSocketChannel.class)
          .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
          .sslContext(GrpcSslContexts.forClient().trustManager(roots.toFile()).build())
          .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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

  private static final class Silence implements DeltaClient.Listener {
    @Override
    public void connected() {}

    @Override
    public void disconnected(String cause, Status status, Duration retryIn) {}

    @Override
    public void received(String typeUrl, int bytes) {}

    @Override
    public void rejected(String typeUrl, String message) {}
  }
}
