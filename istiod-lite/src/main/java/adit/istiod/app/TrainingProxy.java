package adit.istiod.app;

import adit.identity.CaClient;
import adit.model.SpiffeId;
import adit.protos.core.Node;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.protos.workload.WorkloadStatus;
import adit.xds.DeltaClient;
import adit.xds.Named;
import adit.xds.Rejection;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
import adit.xds.Update;
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
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A node's proxy that asks the control plane for the mesh and for a certificate.
final class TrainingProxy implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;
  private static final SpiffeId WEB = new SpiffeId("cluster.local", "shop", "web");

  private final int port;
  private final Path roots;
  private final String token;
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ScheduledExecutorService owner = Executors.newSingleThreadScheduledExecutor();
  private final DeltaClient client;
  private final String last;
  private final CompletableFuture<@Nullable Void> told = new CompletableFuture<>();

  /// @param roots file with the control plane's
  /// @param last name of the workload whose change is waited for
  TrainingProxy(int port, Path roots, String token, String last) {
    this.port = port;
    this.roots = roots;
    this.token = token;
    this.last = last;
    this.client = client();
    client.start();
  }

  /// Waits until it has everything and a certificate.
  void ask() throws InterruptedException, ExecutionException, TimeoutException {
    var _ = client.synced().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    try (CaClient certificates =
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
      var _ = certificates.fetch(WEB).toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  /// Waits for the last change.
  void awaitLast() throws InterruptedException, ExecutionException, TimeoutException {
    var _ = told.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private DeltaClient client() {
    Node node =
        Node.newBuilder()
            .setId("ztunnel~10.0.0.1~ztunnel-n1.istio-system~istio-system.svc.cluster.local")
            .build();
    return new DeltaClient(
        owner,
        this::channel,
        () -> node,
        List.of(
            Subscription.of(TypeUrls.ADDRESS, Address.parser(), this::received),
            Subscription.of(TypeUrls.AUTHORIZATION, Authorization.parser(), _ -> List.of())),
        new Silence(),
        RandomGenerator.getDefault());
  }

  private List<Rejection> received(Update<Address> update) {
    for (Named<Address> one : update.changed()) {
      if (one.name().equals(last)
          && one.resource().getWorkload().getStatus() == WorkloadStatus.UNHEALTHY) {
        told.complete(null);
      }
    }
    return List.of();
  }

  private ManagedChannel channel() {
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

  @Override
  public void close() {
    client.close();
    owner.shutdownNow();
    var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
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
