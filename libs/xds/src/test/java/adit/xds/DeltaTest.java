package adit.xds;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.core.Node;
import adit.protos.discovery.AggregatedDiscoveryServiceGrpc;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import com.google.protobuf.StringValue;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Client and server over a real gRPC connection on loopback.
final class DeltaTest {
  private static final String POLICIES = "type.test/policy";
  private static final String ADDRESSES = "type.test/address";
  private static final Node NODE =
      Node.newBuilder()
          .setId("ztunnel~10.0.0.1~z.istio-system~istio-system.svc.cluster.local")
          .build();

  private final ExecutorService pushes = Executors.newSingleThreadExecutor();
  private final ScheduledExecutorService owner = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final List<String> unmatched = new ArrayList<>();
  private final Map<String, String> held = new TreeMap<>();
  private final AtomicLong version = new AtomicLong();
  private @Nullable Status refusal;
  private DeltaServer service = newService();
  private @Nullable Server server;
  private int port;

  @BeforeEach
  void listen() throws IOException {
    start(0);
  }

  private void start(int atPort) throws IOException {
    server =
        Grpc.newServerBuilderForPort(atPort, InsecureServerCredentials.create())
            .addService(service)
            .build()
            .start();
    port = ((InetSocketAddress) server.getListenSockets().getFirst()).getPort();
  }

  private void stopServer() throws InterruptedException {
    Server running = server;
    if (running != null) {
      running.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    owner.shutdownNow();
    stopServer();
    pushes.shutdownNow();
  }

  private DeltaServer newService() {
    return new DeltaServer(
        pushes,
        Clock.systemUTC(),
        List.of(POLICIES, ADDRESSES),
        _ -> refusal,
        new DeltaServer.Listener() {
          @Override
          public void connected(Node node) {}

          @Override
          public void disconnected(Node node) {}

          @Override
          public void pushed(Node node, String typeUrl, int changed, int removed) {
            events.add("pushed " + typeUrl + " +" + changed + " -" + removed);
          }

          @Override
          public void rejected(Node node, String typeUrl, String message) {
            events.add("nack " + typeUrl + " " + message);
          }
        });
  }

  private void publish(Map<String, String> policies, Map<String, String> addresses) {
    service.publish(
        new Snapshot(
            version.incrementAndGet(),
            Map.of(POLICIES, versions(policies), ADDRESSES, versions(addresses))));
  }

  private static Map<String, ResourceVersion> versions(Map<String, String> values) {
    Map<String, ResourceVersion> versions = new HashMap<>();
    values.forEach((name, value) ->
        versions.put(
            name, ResourceVersion.of("t", StringValue.of(value).toByteArray(), List.of())));
    return versions;
  }

  private DeltaClient client() {
    return client(DeltaClient.FIRST_RESPONSE);
  }

  private DeltaClient client(Duration firstResponse) {
    DeltaClient client =
        new DeltaClient(
            owner,
            () ->
                Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create())
                    .build(),
            () -> NODE,
            List.of(subscription(POLICIES), subscription(ADDRESSES)),
            new DeltaClient.Listener() {
              @Override
              public void connected() {
                events.add("connected");
              }

              @Override
              public void disconnected(String cause, Status status, Duration retryIn) {
                events.add("disconnected " + cause + " " + status.getCode());
              }

              @Override
              public void received(String typeUrl, int bytes) {}

              @Override
              public void rejected(String typeUrl, String message) {}
            },
            RandomGenerator.getDefault(),
            firstResponse);
    client.start();
    return client;
  }

  private Subscription<StringValue> subscription(String typeUrl) {
    return Subscription.of(
        typeUrl,
        StringValue.parser(),
        update -> {
          List<Rejection> rejections = new ArrayList<>();
          for (Named<StringValue> resource : update.changed()) {
            if (resource.resource().getValue().equals("throw")) {
              throw new IllegalStateException("consumer");
            }
            if (resource.resource().getValue().startsWith("bad")) {
              rejections.add(new Rejection(resource.name(), "is bad"));
            } else {
              held.put(resource.name(), resource.resource().getValue());
            }
          }
          update.removed().forEach(held::remove);
          events.add("applied " + typeUrl + " " + held);
          return rejections;
        });
  }

  /// Waits for an event that begins so; others stay for later calls, since two sides write them.
  private void await(String event) throws InterruptedException {
    while (unmatched.stream().noneMatch(seen -> seen.startsWith(event))) {
      String next = events.poll(10, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("did not see \"" + event + "\", but " + unmatched);
      }
      unmatched.add(next);
    }
    unmatched.remove(
        unmatched.stream().filter(seen -> seen.startsWith(event)).findFirst().orElseThrow());
  }

  @Test
  void firstSync_bringsBothTypes_policiesFirst() throws Exception {
    publish(Map.of("p", "1"), Map.of("a", "1", "b", "2"));
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
    await("pushed type.test/policy +1 -0");
    await("applied type.test/policy {p=1}");
    await("pushed type.test/address +2 -0");
    await("applied type.test/address {a=1, b=2, p=1}");
  }

  @Test
  void emptySnapshot_isAnsweredAndSyncs() throws Exception {
    publish(Map.of(), Map.of());
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
    await("pushed type.test/policy +0 -0");
    await("pushed type.test/address +0 -0");
  }

  @Test
  void change_sendsOnlyWhatDiffers() throws Exception {
    publish(Map.of(), Map.of("a", "1", "b", "2", "c", "3"));
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
      publish(Map.of(), Map.of("a", "1", "b", "changed"));
      await("pushed type.test/address +1 -1");
      await("applied type.test/address {a=1, b=changed}");
    }
  }

  @Test
  void badResource_isNamedInTheNack_theRestApplies() throws Exception {
    publish(Map.of(), Map.of("a", "1", "b", "bad"));
    try (var client = client()) {
      await("applied type.test/address {a=1}");
      await("nack type.test/address b: is bad");
      assertThat(client.synced().toCompletableFuture()).isNotDone();
      publish(Map.of(), Map.of("a", "1", "b", "good"));
      await("pushed type.test/address +1 -0");
      await("applied type.test/address {a=1, b=good}");
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void garbage_isRejectedByName() throws Exception {
    service.publish(
        new Snapshot(
            1,
            Map.of(
                ADDRESSES,
                Map.of("x", ResourceVersion.of("t", new byte[] {(byte) 0xFF, 1}, List.of())))));
    try (var _ = client()) {
      await("nack type.test/address x: not a message of this type");
    }
  }

  @Test
  void restartedControlPlane_sendsOnlyWhatDiffers() throws Exception {
    publish(Map.of("p", "1"), Map.of("a", "1", "b", "2", "gone", "3"));
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
      stopServer();
      await("disconnected");
      service = newService();
      publish(Map.of("p", "1"), Map.of("a", "1", "b", "new"));
      start(port);
      await("pushed type.test/policy +0 -0");
      await("pushed type.test/address +1 -1");
      await("applied type.test/address {a=1, b=new, p=1}");
    }
  }

  @Test
  void streamBeforeTheFirstSnapshot_isRefused_andComesBack() throws Exception {
    try (var client = client()) {
      await("disconnected ConnectionError UNAVAILABLE");
      publish(Map.of(), Map.of("a", "1"));
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void gate_refusesWithItsOwnStatus() throws Exception {
    refusal = Status.UNAUTHENTICATED.withDescription("no token");
    publish(Map.of(), Map.of());
    try (var _ = client()) {
      await("disconnected ConnectionError UNAUTHENTICATED");
    }
  }

  @Test
  void rejectedUpdate_keepsTheOldVersionNamed_soThatItsRemovalIsToldAfterAReconnect()
      throws Exception {
    publish(Map.of(), Map.of("a", "1"));
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
      publish(Map.of(), Map.of("a", "bad"));
      await("nack type.test/address a: is bad");
      stopServer();
      await("disconnected");
      service = newService();
      publish(Map.of(), Map.of());
      start(port);
      await("pushed type.test/address +0 -1");
      await("applied type.test/address {}");
    }
  }

  @Test
  void consumerThatThrows_costsTheStream_andTheNextOneIsTriedLater() throws Exception {
    publish(Map.of(), Map.of("a", "throw"));
    try (var _ = client()) {
      await("disconnected Error");
      publish(Map.of(), Map.of("a", "1"));
      await("applied type.test/address {a=1}");
    }
  }

  @Test
  void controlPlaneThatSaysNothing_isLeft() throws Exception {
    stopServer();
    var silent =
        new AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase() {
          @Override
          public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
              StreamObserver<DeltaDiscoveryResponse> responses) {
            return new StreamObserver<>() {
              @Override
              public void onNext(DeltaDiscoveryRequest request) {}

              @Override
              public void onError(Throwable error) {}

              @Override
              public void onCompleted() {}
            };
          }
        };
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(silent)
            .build()
            .start();
    port = server.getPort();
    try (var _ = client(Duration.ofMillis(200))) {
      await("disconnected ConnectionError DEADLINE_EXCEEDED");
      await("disconnected ConnectionError DEADLINE_EXCEEDED");
    }
  }

  @Test
  void manyChanges_areMergedWhileAResponseIsOnItsWay() throws Exception {
    publish(Map.of(), Map.of("a", "0"));
    try (var client = client()) {
      client.synced().toCompletableFuture().get(10, TimeUnit.SECONDS);
      for (int i = 1; i <= 500; i++) {
        publish(Map.of(), Map.of("a", Integer.toString(i)));
      }
      await("applied type.test/address {a=500}");
    }
  }

  @Test
  void thirtyThousandResources_arrive() throws Exception {
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i < 30_000; i++) {
      many.put("w" + i, "value");
    }
    publish(Map.of(), many);
    try (var client = client()) {
      client.synced().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
    assertThat(held).hasSize(30_000);
  }
}
