package adit.perf.discovery;

import adit.protos.core.Node;
import adit.protos.security.Authorization;
import adit.protos.workload.Address;
import adit.xds.DeltaClient;
import adit.xds.Named;
import adit.xds.Subscription;
import adit.xds.TypeUrls;
import adit.xds.Update;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// A node's proxy as far as discovery goes, over the plaintext port.
final class Watcher implements AutoCloseable {
  private final ScheduledExecutorService owner =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("watcher").factory());
  private final DeltaClient client;

  /// @param told the names of each response with addresses, on this watcher's thread
  Watcher(int number, Consumer<List<String>> told) {
    Node node =
        Node.newBuilder()
            .setId("ztunnel~10.0.0." + number + "~ztunnel-" + number + ".istio-system~x")
            .build();
    client =
        new DeltaClient(
            owner,
            () ->
                NettyChannelBuilder.forAddress("127.0.0.1", 15010)
                    .usePlaintext()
                    .maxInboundMessageSize(200 << 20)
                    .build(),
            () -> node,
            List.of(
                Subscription.of(TypeUrls.AUTHORIZATION, Authorization.parser(), _ -> List.of()),
                Subscription.of(
                    TypeUrls.ADDRESS,
                    Address.parser(),
                    update -> {
                      told.accept(names(update));
                      return List.of();
                    })),
            new Quiet(),
            RandomGenerator.getDefault());
    client.start();
  }

  private static List<String> names(Update<Address> update) {
    return update.changed().stream().map(Named::name).toList();
  }

  @Override
  public void close() {
    client.close();
    owner.shutdown();
  }

  /// Until the control plane is up, connections fail; that is no news.
  private static final class Quiet implements DeltaClient.Listener {
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
