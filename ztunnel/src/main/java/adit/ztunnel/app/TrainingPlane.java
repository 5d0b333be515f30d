package adit.ztunnel.app;

import adit.identity.CertificateChain;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.SigningException;
import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import adit.protos.core.Node;
import adit.protos.workload.Address;
import adit.xds.DeltaServer;
import adit.xds.ResourceVersion;
import adit.xds.Snapshot;
import adit.xds.TypeUrls;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A control plane that knows one mesh and signs what it is asked to: discovery and certificates
/// over TLS, on a free port of loopback. A process of its own, so that the archive holds nothing of
/// it.
final class TrainingPlane implements AutoCloseable {
  static final String TRUST_DOMAIN = "training.invalid";

  private static final Duration LIFETIME = Duration.ofHours(1);
  private static final List<String> ORDER = List.of(TypeUrls.AUTHORIZATION, TypeUrls.ADDRESS);

  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("training-xds").factory());
  private final CertificateAuthority authority;
  private final Server server;

  private TrainingPlane(CertificateAuthority authority, Map<String, Address> addresses)
      throws IOException {
    this.authority = authority;
    var xds = new DeltaServer(executor, Clock.systemUTC(), ORDER, _ -> null, new Silence());
    var resources = new HashMap<String, ResourceVersion>();
    addresses.forEach((name, address) ->
        resources.put(
            name, ResourceVersion.of(TypeUrls.ADDRESS, address.toByteArray(), List.of())));
    xds.publish(
        new Snapshot(1, Map.of(TypeUrls.ADDRESS, resources, TypeUrls.AUTHORIZATION, Map.of())));
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(tls())
            .addService(xds)
            .addService(new Signing())
            .build()
            .start();
  }

  /// Runs until its input ends.
  ///
  /// @param arguments port of the application; a directory, where `roots.pem` and then `url` are
  ///   written
  public static void main(String[] arguments) throws IOException {
    var authority = CertificateAuthority.inMemory(TRUST_DOMAIN, Clock.systemUTC());
    Path directory = Path.of(arguments[1]);
    try (var plane =
        new TrainingPlane(authority, TrainingPods.addresses(Integer.parseInt(arguments[0])))) {
      Files.writeString(directory.resolve("roots.pem"), authority.rootsPem());
      Path unfinished = Files.writeString(directory.resolve("url.new"), plane.url());
      Files.move(unfinished, directory.resolve("url"), StandardCopyOption.ATOMIC_MOVE);
      var _ = System.in.readAllBytes();
    }
    Runtime.getRuntime().halt(0);
  }

  String url() {
    return "https://127.0.0.1:" + server.getPort();
  }

  private SslContext tls() throws IOException {
    try {
      CertificateChain chain = authority.serverCertificate(List.of("127.0.0.1"), LIFETIME);
      var presented = chain.presented().toArray(X509Certificate[]::new);
      return GrpcSslContexts.configure(SslContextBuilder.forServer(chain.key(), presented)).build();
    } catch (SigningException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
    executor.shutdownNow();
  }

  private final class Signing extends IstioCertificateServiceGrpc.IstioCertificateServiceImplBase {
    @Override
    public void createCertificate(
        IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> answer) {
      String wanted =
          request.getMetadata().getFieldsOrThrow("ImpersonatedIdentity").getStringValue();
      SpiffeId identity = SpiffeId.parseOrNull(wanted);
      if (identity == null) {
        answer.onError(Status.INVALID_ARGUMENT.asException());
        return;
      }
      try {
        var issued = authority.sign(request.getCsr(), identity, LIFETIME);
        answer.onNext(
            IstioCertificateResponse.newBuilder().addAllCertChain(issued.responseChain()).build());
        answer.onCompleted();
      } catch (SigningException e) {
        answer.onError(Status.INTERNAL.withCause(e).asException());
      }
    }
  }

  private static final class Silence implements DeltaServer.Listener {
    @Override
    public void connected(Node node) {}

    @Override
    public void disconnected(Node node) {}

    @Override
    public void pushed(Node node, String typeUrl, int changed, int removed) {}

    @Override
    public void rejected(Node node, String typeUrl, String message) {}
  }
}
