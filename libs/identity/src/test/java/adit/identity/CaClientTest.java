package adit.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.ca.CaAuthenticator;
import adit.identity.ca.CaCaller;
import adit.identity.ca.CaService;
import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.ImpersonationAuthorizer;
import adit.identity.ca.IssuedCertificate;
import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The client and the service, and the client and misbehaving services, over loopback.
@Timeout(60)
final class CaClientTest {
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final SpiffeId ZTUNNEL = new SpiffeId("cluster.local", "istio-system", "ztunnel");
  private static final Clock CLOCK = Clock.systemUTC();
  private static final Duration DAY = Duration.ofDays(1);

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final CertificateAuthority authority =
      CertificateAuthority.inMemory("cluster.local", CLOCK);
  private final Metrics metrics = new Metrics();
  private final BlockingQueue<Metadata> headers = new ArrayBlockingQueue<>(16);
  private final List<AutoCloseable> opened = new ArrayList<>();
  private boolean refuseAll;

  @TempDir private Path directory;

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void fetch_sharedMode_isACertificateOfTheImpersonatedIdentity() throws Exception {
    Path token = Files.writeString(directory.resolve("token"), "ztunnel-token\n");
    Server server = serve(service(), "localhost");
    CaClient client =
        client(server, s -> settings(s, token.toString(), null, CaClient.Mode.SHARED));

    CertificateChain chain = get(client, WEB);

    assertThat(chain.identityOrNull()).isEqualTo(WEB);
    assertThat(chain.roots()).isEqualTo(authority.roots());
    assertThat(Duration.between(chain.notBefore(), chain.notAfter()))
        .isBetween(Duration.ofHours(1), Duration.ofHours(1).plusMinutes(2).plusSeconds(1));
    Metadata seen = headers.take();
    assertThat(seen.get(key("authorization"))).isEqualTo("Bearer ztunnel-token");
    assertThat(seen.get(key("clusterid"))).isEqualTo("Kubernetes");
    assertThat(seen.get(key("x-proxy"))).isEqualTo("1");
    Files.writeString(token, "ztunnel-next");
    get(client, WEB);
    assertThat(headers.take().get(key("authorization"))).isEqualTo("Bearer ztunnel-next");
    assertThat(new String(metrics.text(), StandardCharsets.UTF_8))
        .contains("citadel_server_csr_count 2.0", "citadel_server_success_cert_issuance_count 2.0")
        .contains("citadel_server_root_cert_expiry_timestamp ");
  }

  @Test
  void fetch_dedicatedMode_isTheCallersOwnIdentity() throws Exception {
    Server server = serve(service(), "localhost");
    CaClient client = client(server, s -> settings(s, "ztunnel-t", null, CaClient.Mode.DEDICATED));

    assertThat(get(client, ZTUNNEL).identityOrNull()).isEqualTo(ZTUNNEL);
  }

  @Test
  void fetch_ownIdentityByName_needsNoLeaveToImpersonate() throws Exception {
    refuseAll = true;
    Server server = serve(service(), "localhost");
    CaClient client = client(server, s -> settings(s, "ztunnel-t", null, CaClient.Mode.SHARED));

    assertThat(get(client, ZTUNNEL).identityOrNull()).isEqualTo(ZTUNNEL);
    assertThatThrownBy(() -> get(client, WEB)).isInstanceOf(IdentityException.class);
  }

  @Test
  void fetch_callerUnknown_isUnauthenticated() throws Exception {
    Server server = serve(service(), "localhost");
    CaClient client = client(server, s -> settings(s, "stranger", null, CaClient.Mode.SHARED));

    assertThatThrownBy(() -> get(client, WEB))
        .isInstanceOf(IdentityException.class)
        .hasMessageContaining("UNAUTHENTICATED: request authenticate failure")
        .hasMessageContaining(WEB.toString());
  }

  @Test
  void fetch_impersonationRefused_isUnauthenticatedWithoutDetails() throws Exception {
    refuseAll = true;
    Server server = serve(service(), "localhost");
    CaClient client = client(server, s -> settings(s, "ztunnel-t", null, CaClient.Mode.SHARED));

    assertThatThrownBy(() -> get(client, WEB))
        .hasMessageContaining("UNAUTHENTICATED: request impersonation authentication failure (CA ");
  }

  @Test
  void fetch_lifetimeTooLong_isInvalid() throws Exception {
    Server server = serve(service(), "localhost");
    CaClient client =
        client(
            server,
            s ->
                new CaClient.Settings(
                    s.address(),
                    s.rootCa(),
                    null,
                    "ztunnel-t",
                    "Kubernetes",
                    Map.of(),
                    Duration.ofDays(91),
                    CaClient.Mode.SHARED));

    assertThatThrownBy(() -> get(client, WEB))
        .hasMessageContaining("INVALID_ARGUMENT: CSR signing error (lifetime: ");
  }

  @Test
  void fetch_serverOfAnotherName_isRefusedUnlessItIsTheAlternative() throws Exception {
    Server server = serve(service(), "istiod.istio-system.svc");
    CaClient strict = client(server, s -> settings(s, "ztunnel-t", null, CaClient.Mode.SHARED));
    CaClient lenient =
        client(
            server, s -> settings(s, "ztunnel-t", "istiod.istio-system.svc", CaClient.Mode.SHARED));

    assertThatThrownBy(() -> get(strict, WEB))
        .hasMessageContaining("UNAVAILABLE")
        .hasMessageContaining(WEB.toString());
    assertThat(get(lenient, WEB).identityOrNull()).isEqualTo(WEB);
  }

  @Test
  void fetch_rootFileReplaced_isTrustedFromTheNextFetchOn() throws Exception {
    CertificateAuthority other = CertificateAuthority.inMemory("cluster.local", CLOCK);
    Path roots = Files.writeString(directory.resolve("root-cert.pem"), other.rootsPem());
    Server server = serve(service(), "localhost");
    CaClient client =
        client(
            server,
            s ->
                new CaClient.Settings(
                    s.address(),
                    roots.toString(),
                    null,
                    "ztunnel-t",
                    "Kubernetes",
                    Map.of(),
                    Duration.ofHours(1),
                    CaClient.Mode.SHARED));
    assertThatThrownBy(() -> get(client, WEB)).hasMessageContaining("UNAVAILABLE");

    Files.writeString(roots, authority.rootsPem());

    assertThat(get(client, WEB).identityOrNull()).isEqualTo(WEB);
  }

  @Test
  void fetch_caDownThenBack_dialsAnewAtOnce() throws Exception {
    Server server = serve(service(), "localhost");
    int port = server.getPort();
    CaClient client = client(server, s -> settings(s, "ztunnel-t", null, CaClient.Mode.SHARED));
    get(client, WEB);
    server.shutdownNow().awaitTermination();
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> get(client, WEB)).hasMessageContaining("UNAVAILABLE");
    }

    serveOn(port, service(), "localhost");

    assertThat(get(client, WEB).identityOrNull()).isEqualTo(WEB);
  }

  @Test
  void fetch_tokenFileMissing_saysSoWithoutAsking() throws Exception {
    Server server = serve(service(), "localhost");
    CaClient client =
        client(
            server,
            s -> settings(s, directory.resolve("gone").toString(), null, CaClient.Mode.SHARED));

    assertThatThrownBy(() -> get(client, WEB)).hasMessageContaining("gone: missing");
    assertThat(headers).isEmpty();
  }

  @Test
  void fetch_wrongAnswers_areRefused() throws Exception {
    assertThatThrownBy(() -> answered(chain -> List.of()))
        .hasMessageContaining("answered 0 certificates (expected: a leaf and a root)");
    assertThatThrownBy(() -> answered(chain -> chain.subList(0, 1)))
        .hasMessageContaining("answered 1 certificates");
    assertThatThrownBy(() -> answered(chain -> List.of("junk", chain.getLast())))
        .hasMessageContaining("a malformed certificate");
    assertThatThrownBy(() -> answered(chain -> List.of(chain.getFirst(), "junk")))
        .hasMessageContaining("no readable root");
    assertThatThrownBy(() -> answered(_ -> issuedTo(new SpiffeId("cluster.local", "shop", "db"))))
        .hasMessageContaining("a certificate of spiffe://cluster.local/ns/shop/sa/db");
    assertThatThrownBy(() -> answered(_ -> issuedTo(WEB)))
        .hasMessageContaining("a certificate of another key");
  }

  @Test
  void fetch_unreadableRootAmongOthers_leavesItOut() throws Exception {
    String junk = Pem.encode(Pem.CERTIFICATE, new byte[] {0x30, 0x01, 0x00});

    CertificateChain chain =
        answered(elements -> List.of(elements.getFirst(), junk + elements.getLast()));

    assertThat(chain.roots()).isEqualTo(authority.roots());
  }

  @Test
  void fetch_plaintext_worksForACaWithoutTls() throws Exception {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .channelType(NioServerSocketChannel.class)
            .addService(service())
            .build()
            .start();
    opened.add(() -> server.shutdownNow().awaitTermination());
    CaClient client =
        client(
            server,
            s ->
                settings(
                    new CaClient.Settings(
                        "http://localhost:" + server.getPort(),
                        "/nowhere",
                        null,
                        null,
                        "",
                        Map.of(),
                        DAY,
                        CaClient.Mode.SHARED),
                    "ztunnel-t",
                    null,
                    CaClient.Mode.SHARED));

    assertThat(get(client, WEB).identityOrNull()).isEqualTo(WEB);
  }

  @Test
  void newClient_malformedAddress_isAMistake() {
    assertThatThrownBy(() ->
            new CaClient(
                new CaClient.Settings(
                    "ftp://x", "", null, null, "", Map.of(), DAY, CaClient.Mode.SHARED),
                group,
                NioSocketChannel::new))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("CA address: ftp://x (expected: https://host:port");
  }

  /// A CA that signs properly, then alters its answer.
  private CertificateChain answered(UnaryOperator<List<String>> alter) throws Exception {
    BindableService altering =
        new IstioCertificateServiceGrpc.IstioCertificateServiceImplBase() {
          @Override
          public void createCertificate(
              IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> observer) {
            try {
              IssuedCertificate issued = authority.sign(request.getCsr(), WEB, DAY);
              observer.onNext(
                  IstioCertificateResponse.newBuilder()
                      .addAllCertChain(alter.apply(issued.responseChain()))
                      .build());
              observer.onCompleted();
            } catch (Exception e) {
              observer.onError(Status.INTERNAL.withCause(e).asRuntimeException());
            }
          }
        };
    Server server = serve(altering.bindService(), "localhost");
    return get(client(server, s -> settings(s, null, null, CaClient.Mode.SHARED)), WEB);
  }

  private List<String> issuedTo(SpiffeId identity) {
    try {
      return authority.sign(Csr.create(identity).pem(), identity, DAY).responseChain();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private ServerServiceDefinition service() {
    CaAuthenticator authenticator =
        (Metadata seen, Attributes transport) -> {
          headers.offer(seen);
          String token = seen.get(key("authorization"));
          return token != null && token.startsWith("Bearer ztunnel")
              ? new CaCaller(ZTUNNEL, "ztunnel-1", "uid-1", "Kubernetes")
              : null;
        };
    ImpersonationAuthorizer authorizer =
        (caller, requested) ->
            refuseAll
                ? new ImpersonationAuthorizer.Refused("a secret reason")
                : new ImpersonationAuthorizer.Allowed();
    return new CaService(authority, authenticator, authorizer, metrics, CLOCK, Log.silent())
        .definition();
  }

  private Server serve(ServerServiceDefinition service, String name) throws Exception {
    return serveOn(0, service, name);
  }

  private Server serveOn(int port, ServerServiceDefinition service, String name) throws Exception {
    CertificateChain own = authority.serverCertificate(List.of(name), DAY);
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .channelType(NioServerSocketChannel.class)
            .sslContext(
                GrpcSslContexts.configure(SslContextBuilder.forServer(own.key(), own.presented()))
                    .build())
            .addService(service)
            .build()
            .start();
    opened.add(() -> server.shutdownNow().awaitTermination());
    return server;
  }

  private CaClient client(Server server, UnaryOperator<CaClient.Settings> adapt) {
    var plain =
        new CaClient.Settings(
            "https://localhost:" + server.getPort(),
            authority.rootsPem(),
            null,
            null,
            "Kubernetes",
            Map.of("X-Proxy", "1"),
            Duration.ofHours(1),
            CaClient.Mode.SHARED);
    var client = new CaClient(adapt.apply(plain), group, NioSocketChannel::new);
    opened.add(client);
    return client;
  }

  private static CaClient.Settings settings(
      CaClient.Settings from,
      @Nullable String token,
      @Nullable String alternative,
      CaClient.Mode mode) {
    return new CaClient.Settings(
        from.address(),
        from.rootCa(),
        alternative,
        token,
        from.clusterId(),
        from.headers(),
        from.lifetime(),
        mode);
  }

  private static CertificateChain get(CaClient client, SpiffeId identity) throws Exception {
    try {
      return client.fetch(identity).toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
