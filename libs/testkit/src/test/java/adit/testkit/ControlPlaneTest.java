package adit.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.identity.Csr;
import adit.identity.Pem;
import adit.linux.EpollIo;
import adit.linux.InNetns;
import adit.linux.Netns;
import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateServiceGrpc;
import adit.protos.core.Node;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import adit.protos.workload.Workload;
import adit.testkit.lab.Lab;
import adit.testkit.lab.LabHost;
import adit.xds.TypeUrls;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ControlPlaneTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");
  private static final Workload.Builder POD =
      WireResources.workload(
          "shop", "web-1", "web", "one", java.net.InetAddress.ofLiteral("10.1.1.1"));

  private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIo.factory());
  private ControlPlane plane;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    plane = ControlPlane.start();
    channel = channel(plane, Netns.current());
  }

  @AfterEach
  void close() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    plane.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void put_workload_isPushedAndAcknowledged() throws Exception {
    Client client = new Client(channel);
    plane.put(WireResources.address(POD));
    DeltaDiscoveryResponse response = client.next(TypeUrls.ADDRESS);
    while (response.getResourcesCount() == 0) {
      client.acknowledge(response);
      response = client.next(TypeUrls.ADDRESS);
    }
    assertThat(response.getResources(0).getName()).isEqualTo("Kubernetes//Pod/shop/web-1");
    client.acknowledge(response);
    plane.awaitSynced(SOON);
    plane.remove(TypeUrls.ADDRESS, "Kubernetes//Pod/shop/web-1");
    DeltaDiscoveryResponse removal = client.next(TypeUrls.ADDRESS);
    assertThat(removal.getRemovedResourcesList()).containsExactly("Kubernetes//Pod/shop/web-1");
    plane.events().await(StreamEvents.Pushed.class, pushed -> pushed.removed() == 1, SOON);
  }

  @Test
  void refuseStreams_status_reachesTheClientAndIsOverWhenItIsOver() throws Exception {
    plane.refuseStreams(Status.PERMISSION_DENIED.withDescription("not you"));
    Client refused = new Client(channel);
    assertThat(Status.fromThrowable(refused.failure()).getDescription()).isEqualTo("not you");
    plane.refuseStreams(null);
    assertThat(new Client(channel).next(TypeUrls.ADDRESS).getTypeUrl()).isEqualTo(TypeUrls.ADDRESS);
  }

  @Test
  void stop_thenRestart_servesOnTheSamePort() throws Exception {
    Client client = new Client(channel);
    assertThat(client.next(TypeUrls.ADDRESS)).isNotNull();
    int port = plane.listening().getPort();
    plane.stop();
    assertThat(client.failure()).isNotNull();
    plane.events().await(StreamEvents.Disconnected.class, _ -> true, SOON);
    plane.restart();
    assertThat(plane.listening().getPort()).isEqualTo(port);
    channel.resetConnectBackoff();
    assertThat(new Client(channel).next(TypeUrls.ADDRESS)).isNotNull();
  }

  @Test
  void pause_noAnswer_untilResume() throws Exception {
    Client client = new Client(channel);
    assertThat(client.next(TypeUrls.ADDRESS)).isNotNull();
    plane.pause();
    plane.put(WireResources.address(POD));
    assertThat(client.nextOrNull(Duration.ofMillis(100), TypeUrls.ADDRESS)).isNull();
    plane.resume();
    assertThat(plane.status()).isNotEmpty();
  }

  @Test
  void sign_request_isForTheIdentityAndRemembered() throws Exception {
    List<X509Certificate> chain = sign(channel);
    assertThat(uris(chain.getFirst())).containsExactly(WEB.toString());
    assertThat(plane.ca().requests())
        .containsExactly(
            new TestCa.Request(WEB, Duration.ofHours(1), "Bearer token-1", "Kubernetes"));
  }

  @Test
  void sign_toldToMisbehave_does() throws Exception {
    plane.ca().fail(Status.UNAVAILABLE);
    assertThatThrownBy(() -> sign(channel)).isInstanceOf(StatusRuntimeException.class);
    plane.ca().fail(null);
    SpiffeId other = new SpiffeId("cluster.local", "shop", "other");
    plane.ca().answerFor(other);
    plane.ca().lifetime(Duration.ofSeconds(20));
    plane.ca().slow(Duration.ofMillis(300));
    long before = System.nanoTime();
    X509Certificate leaf = sign(channel).getFirst();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofMillis(290));
    assertThat(uris(leaf)).containsExactly(other.toString());
    assertThat(Duration.between(leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant()))
        .isBetween(Duration.ofSeconds(20), Duration.ofSeconds(25));
  }

  @Test
  void start_inANamespace_isReachedFromAnotherOverIpv6(@TempDir Path directory) throws Exception {
    try (Lab lab = Lab.create("cptest-" + ProcessHandle.current().pid())) {
      LabHost host = lab.addHost("control");
      try (ControlPlane inside = ControlPlane.start(host.open(), host.ip6());
          Netns node = lab.addNode("one").open()) {
        assertThat(inside.url()).startsWith("https://[fdad:");
        assertThat(Files.readString(inside.writeRoots(directory))).contains("BEGIN CERTIFICATE");
        ManagedChannel there = channel(inside, node);
        assertThat(sign(there)).isNotEmpty();
        there.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      }
    }
  }

  private ManagedChannel channel(ControlPlane to, Netns from) throws Exception {
    boolean v4 = to.listening().getAddress().getAddress().length == 4;
    return NettyChannelBuilder.forAddress(to.listening())
        .eventLoopGroup(loops)
        .channelFactory(
            InNetns.connecting(from, v4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6))
        .overrideAuthority("istiod.istio-system.svc")
        .sslContext(
            GrpcSslContexts.forClient()
                .trustManager(
                    new ByteArrayInputStream(to.rootsPem().getBytes(StandardCharsets.UTF_8)))
                .build())
        .build();
  }

  private static List<X509Certificate> sign(ManagedChannel channel) throws Exception {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer token-1");
    headers.put(Metadata.Key.of("clusterid", Metadata.ASCII_STRING_MARSHALLER), "Kubernetes");
    var response =
        IstioCertificateServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .createCertificate(
                IstioCertificateRequest.newBuilder()
                    .setCsr(Csr.create(WEB).pem())
                    .setValidityDuration(3600)
                    .setMetadata(
                        Struct.newBuilder()
                            .putFields(
                                "ImpersonatedIdentity",
                                Value.newBuilder().setStringValue(WEB.toString()).build()))
                    .build());
    return Pem.certificates(response.getCertChain(0));
  }

  private static List<Object> uris(X509Certificate certificate) throws CertificateParsingException {
    List<Object> uris = new ArrayList<>();
    certificate.getSubjectAlternativeNames().forEach(name -> uris.add(name.get(1)));
    return uris;
  }

  /// A client of xDS that accepts policies by itself and does with addresses what the test says.
  private static final class Client implements StreamObserver<DeltaDiscoveryResponse> {
    private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();
    private final StreamObserver<DeltaDiscoveryRequest> requests;

    Client(ManagedChannel channel) {
      requests = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);
      for (String typeUrl : List.of(TypeUrls.ADDRESS, TypeUrls.AUTHORIZATION)) {
        requests.onNext(
            DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder().setId("ztunnel~10.0.0.1~z.istio-system~x"))
                .setTypeUrl(typeUrl)
                .build());
      }
    }

    void acknowledge(DeltaDiscoveryResponse response) {
      requests.onNext(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(response.getTypeUrl())
              .setResponseNonce(response.getNonce())
              .build());
    }

    /// The next response of a type.
    DeltaDiscoveryResponse next(String typeUrl) throws InterruptedException {
      DeltaDiscoveryResponse response = nextOrNull(SOON, typeUrl);
      if (response == null) {
        throw new AssertionError("no response of " + typeUrl);
      }
      return response;
    }

    @Nullable DeltaDiscoveryResponse nextOrNull(Duration timeout, String typeUrl)
        throws InterruptedException {
      Object next = received.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (next instanceof DeltaDiscoveryResponse response) {
        assertThat(response.getTypeUrl()).isEqualTo(typeUrl);
      }
      return next instanceof DeltaDiscoveryResponse response ? response : null;
    }

    Throwable failure() throws InterruptedException {
      Object next = received.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
      while (next instanceof DeltaDiscoveryResponse) {
        next = received.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
      }
      if (next instanceof Throwable failure) {
        return failure;
      }
      throw new AssertionError("the stream did not fail: " + next);
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
      if (response.getTypeUrl().equals(TypeUrls.AUTHORIZATION)) {
        acknowledge(response);
      } else {
        received.add(response);
      }
    }

    @Override
    public void onError(Throwable failure) {
      received.add(failure);
    }

    @Override
    public void onCompleted() {
      received.add("completed");
    }
  }
}
