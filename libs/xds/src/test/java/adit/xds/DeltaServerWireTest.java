package adit.xds;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.core.Node;
import adit.protos.discovery.DeltaDiscoveryRequest;
import adit.protos.discovery.DeltaDiscoveryResponse;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The server as other clients see it: message by message, over real gRPC.
final class DeltaServerWireTest implements DeltaServer.Listener {
  private static final String POLICIES = TypeUrls.AUTHORIZATION;
  private static final String ADDRESSES = TypeUrls.ADDRESS;
  private static final Context.Key<String> BEARER = Context.key("bearer");

  private final ExecutorService executor = Executors.newSingleThreadExecutor();
  private final BlockingQueue<String> nacks = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> gone = new LinkedBlockingQueue<>();
  private DeltaServer service =
      new DeltaServer(executor, Clock.systemUTC(), List.of(POLICIES, ADDRESSES), _ -> null, this);
  private @Nullable Server server;
  private volatile boolean listenerFails;
  private long version;

  @Override
  public void connected(Node node) {}

  @Override
  public void disconnected(Node node) {
    gone.add(node.getId());
  }

  @Override
  public void pushed(Node node, String typeUrl, int changed, int removed) {
    if (listenerFails) {
      throw new IllegalStateException("listener");
    }
  }

  @Override
  public void rejected(Node node, String typeUrl, String message) {
    nacks.add(message);
  }

  private int listen(ServerInterceptor... interceptors) throws IOException {
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(ServerInterceptors.intercept(service, interceptors))
            .build()
            .start();
    return server.getPort();
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (server != null) {
      server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    executor.shutdownNow();
  }

  private void publish(Map<String, String> policies, Map<String, String> addresses) {
    Map<String, ResourceVersion> withAliases = new HashMap<>();
    addresses.forEach(
        (name, value) -> withAliases.put(name, resource(ADDRESSES, value, "net/" + name)));
    Map<String, ResourceVersion> plain = new HashMap<>();
    policies.forEach((name, value) -> plain.put(name, resource(POLICIES, value)));
    service.publish(new Snapshot(++version, Map.of(POLICIES, plain, ADDRESSES, withAliases)));
  }

  private static ResourceVersion resource(String typeUrl, String value, String... aliases) {
    return ResourceVersion.of(typeUrl, value.getBytes(StandardCharsets.UTF_8), List.of(aliases));
  }

  /// Everything that was published before has been handled.
  private void settle() throws Exception {
    executor.submit(() -> "").get(10, TimeUnit.SECONDS);
  }

  @Test
  void emptySubscribe_isTheWildcard_addressBeforePolicyAsTheReferenceAsks() throws Exception {
    publish(Map.of("ns/p", "1"), Map.of("a", "1", "b", "2"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      DeltaDiscoveryResponse addresses = peer.response();
      assertThat(addresses.getTypeUrl()).isEqualTo(ADDRESSES);
      assertThat(WirePeer.names(addresses)).containsExactly("a", "b");
      assertThat(addresses.getNonce()).isNotEmpty();
      assertThat(addresses.getSystemVersionInfo()).isNotEmpty();
      assertThat(addresses.getResources(0).getVersion()).isNotEmpty();
      assertThat(addresses.getResources(0).getResource().getTypeUrl()).isEqualTo(ADDRESSES);
      assertThat(addresses.getResources(0).getAliasesList())
          .as("a wildcard client is not told aliases")
          .isEmpty();
      peer.send(DeltaDiscoveryRequest.newBuilder().setNode(WirePeer.NODE).setTypeUrl(POLICIES));
      DeltaDiscoveryResponse policies = peer.response();
      assertThat(policies.getTypeUrl()).isEqualTo(POLICIES);
      assertThat(WirePeer.names(policies)).containsExactly("ns/p");
      assertThat(policies.getNonce()).isNotEqualTo(addresses.getNonce());
    }
  }

  @Test
  void explicitStar_isTheWildcard() throws Exception {
    publish(Map.of(), Map.of("a", "1"));
    try (var peer = new WirePeer(listen())) {
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(WirePeer.NODE)
              .setTypeUrl(ADDRESSES)
              .addResourceNamesSubscribe("*"));
      assertThat(WirePeer.names(peer.response())).containsExactly("a");
    }
  }

  @Test
  void reconnect_sendsWhatDiffers_andRemovesWhatTheClientStillHolds() throws Exception {
    publish(Map.of(), Map.of("same", "1", "changed", "2", "new", "3"));
    try (var peer = new WirePeer(listen())) {
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(WirePeer.NODE)
              .setTypeUrl(ADDRESSES)
              .putInitialResourceVersions("same", resource(ADDRESSES, "1").version())
              .putInitialResourceVersions("changed", resource(ADDRESSES, "old").version())
              .putInitialResourceVersions("gone", "v"));
      DeltaDiscoveryResponse response = peer.response();
      assertThat(WirePeer.names(response)).containsExactly("changed", "new");
      assertThat(response.getRemovedResourcesList()).containsExactly("gone");
    }
  }

  @Test
  void oneResponseIsOnItsWay_whatIsPublishedMeanwhileIsMerged() throws Exception {
    publish(Map.of(), Map.of("a", "0"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      DeltaDiscoveryResponse first = peer.response();
      for (int i = 1; i <= 50; i++) {
        publish(Map.of(), Map.of("a", "0", "b", Integer.toString(i)));
      }
      publish(Map.of(), Map.of("b", "last"));
      settle();
      assertThat(peer.hasResponse()).as("the first was not answered").isFalse();
      peer.ack(first);
      DeltaDiscoveryResponse merged = peer.response();
      assertThat(WirePeer.names(merged)).containsExactly("b");
      assertThat(merged.getResources(0).getResource().getValue().toStringUtf8()).isEqualTo("last");
      assertThat(merged.getRemovedResourcesList()).containsExactly("a");
    }
  }

  @Test
  void staleNonce_countsForNothing() throws Exception {
    publish(Map.of(), Map.of("a", "0"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      DeltaDiscoveryResponse first = peer.response();
      publish(Map.of(), Map.of("a", "1"));
      peer.ack(first.toBuilder().setNonce("made-up").build());
      peer.ack(first);
      DeltaDiscoveryResponse second = peer.response();
      assertThat(second.getResources(0).getResource().getValue().toStringUtf8()).isEqualTo("1");
      publish(Map.of(), Map.of("a", "2"));
      peer.ack(first); // overtaken by now
      settle();
      peer.ack(second);
      assertThat(peer.response().getResources(0).getResource().getValue().toStringUtf8())
          .isEqualTo("2");
    }
  }

  @Test
  void nack_isNotAnsweredAndNotRepeated_butTheNextChangeIsSent() throws Exception {
    publish(Map.of(), Map.of("bad", "1"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      peer.nack(peer.response(), "bad: no");
      assertThat(nacks.poll(10, TimeUnit.SECONDS)).isEqualTo("bad: no");
      publish(Map.of(), Map.of("bad", "1"));
      settle();
      assertThat(peer.hasResponse()).isFalse();
      assertThat(service.status().getFirst().types())
          .hasEntrySatisfying(
              ADDRESSES,
              status -> {
                assertThat(status.lastError()).isEqualTo("bad: no");
                assertThat(status.acknowledged()).isNotEqualTo(status.sent());
              });
      publish(Map.of(), Map.of("bad", "2"));
      assertThat(WirePeer.names(peer.response())).containsExactly("bad");
    }
  }

  @Test
  void addresses_waitForThePoliciesOfTheSameChange() throws Exception {
    publish(Map.of(), Map.of());
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(POLICIES);
      peer.ack(peer.response());
      peer.subscribe(ADDRESSES);
      peer.ack(peer.response());
      publish(Map.of("ns/p", "1"), Map.of("a", "1"));
      DeltaDiscoveryResponse policies = peer.response();
      assertThat(policies.getTypeUrl()).isEqualTo(POLICIES);
      settle();
      assertThat(peer.hasResponse()).isFalse();
      peer.ack(policies);
      assertThat(peer.response().getTypeUrl()).isEqualTo(ADDRESSES);
    }
  }

  @Test
  void onDemand_startsEmpty_followsItsNames_andForgetsUnsubscribedOnes() throws Exception {
    publish(Map.of(), Map.of("a", "1", "b", "1"));
    try (var peer = new WirePeer(listen())) {
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(WirePeer.NODE)
              .setTypeUrl(ADDRESSES)
              .addResourceNamesSubscribe("*")
              .addResourceNamesUnsubscribe("*"));
      DeltaDiscoveryResponse empty = peer.response();
      assertThat(empty.getResourcesCount() + empty.getRemovedResourcesCount()).isZero();
      peer.ack(empty);
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(ADDRESSES)
              .addResourceNamesSubscribe("net/a")
              .addResourceNamesSubscribe("net/later"));
      DeltaDiscoveryResponse found = peer.response();
      assertThat(WirePeer.names(found)).containsExactly("a");
      assertThat(found.getResources(0).getAliasesList()).containsExactly("net/a");
      assertThat(found.getRemovedResourcesList()).containsExactly("net/later");
      peer.ack(found);
      publish(Map.of(), Map.of("a", "1", "b", "2", "later", "1"));
      DeltaDiscoveryResponse later = peer.response();
      assertThat(WirePeer.names(later)).as("b was not asked for").containsExactly("later");
      peer.ack(later);
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(ADDRESSES)
              .addResourceNamesUnsubscribe("net/a")
              .addResourceNamesUnsubscribe("a"));
      settleAfterRequest(peer);
      publish(Map.of(), Map.of("a", "changed", "b", "2"));
      DeltaDiscoveryResponse last = peer.response();
      assertThat(WirePeer.names(last)).isEmpty();
      assertThat(last.getRemovedResourcesList()).containsExactly("later");
    }
  }

  /// A request that is certainly answered has passed, so those before it have too.
  private static void settleAfterRequest(WirePeer peer) throws InterruptedException {
    peer.send(
        DeltaDiscoveryRequest.newBuilder()
            .setTypeUrl(ADDRESSES)
            .addResourceNamesSubscribe("unknown"));
    DeltaDiscoveryResponse answer = peer.response();
    assertThat(answer.getRemovedResourcesList()).containsExactly("unknown");
    peer.ack(answer);
  }

  @Test
  void nodeThatIsNoProxy_isRefused() throws Exception {
    publish(Map.of(), Map.of());
    try (var peer = new WirePeer(listen())) {
      peer.send(
          DeltaDiscoveryRequest.newBuilder()
              .setNode(Node.newBuilder().setId("me"))
              .setTypeUrl(ADDRESSES));
      Status end = peer.end();
      assertThat(end.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(end.getDescription()).contains("node.id: \"me\"");
    }
  }

  @Test
  void streamsBeforeTheFirstSnapshot_areUnavailable() throws Exception {
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      assertThat(peer.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  private static final ServerInterceptor BEARERS =
      new ServerInterceptor() {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
          String token =
              headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
          return Contexts.interceptCall(
              Context.current().withValue(BEARER, Objects.requireNonNullElse(token, "")),
              call,
              headers,
              next);
        }
      };

  @Test
  void gate_seesWhatAnInterceptorFound_garbageTokensAreRefused() throws Exception {
    service =
        new DeltaServer(
            executor,
            Clock.systemUTC(),
            List.of(POLICIES, ADDRESSES),
            _ -> "Bearer good".equals(BEARER.get()) ? null : Status.UNAUTHENTICATED,
            this);
    publish(Map.of(), Map.of("a", "1"));
    int port = listen(BEARERS);
    for (String bearer : List.of("Bearer bad", "garbage \u00ff", "Bearer ")) {
      try (var peer = new WirePeer(port, bearer)) {
        peer.subscribe(ADDRESSES);
        assertThat(peer.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      }
    }
    try (var peer = new WirePeer(port)) {
      peer.subscribe(ADDRESSES);
      assertThat(peer.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }
    try (var peer = new WirePeer(port, "Bearer good")) {
      peer.subscribe(ADDRESSES);
      assertThat(WirePeer.names(peer.response())).containsExactly("a");
    }
  }

  @Test
  void unknownType_isMetWithSilence_andTheStreamLives() throws Exception {
    publish(Map.of(), Map.of("a", "1"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe("type.googleapis.com/envoy.config.cluster.v3.Cluster");
      peer.subscribe(ADDRESSES);
      assertThat(peer.response().getTypeUrl()).isEqualTo(ADDRESSES);
    }
  }

  @Test
  void whatRoutesReferTo_comesBeforeThem_andGoesAfterThem() throws Exception {
    String policies = TypeUrls.TRAFFIC_POLICY;
    String routes = TypeUrls.ROUTE;
    service =
        new DeltaServer(executor, Clock.systemUTC(), List.of(policies, routes), _ -> null, this);
    service.publish(new Snapshot(++version, Map.of(policies, Map.of(), routes, Map.of())));
    try (var peer = new WirePeer(listen())) {
      for (String typeUrl : List.of(policies, routes)) {
        peer.subscribe(typeUrl);
        peer.ack(peer.response());
      }
      settle();
      service.publish(
          new Snapshot(
              ++version,
              Map.of(
                  policies, Map.of("old", resource(policies, "1")),
                  routes, Map.of("to-old", resource(routes, "1")))));
      assertThat(nextNames(peer, policies)).containsExactly("old");
      assertThat(nextNames(peer, routes)).containsExactly("to-old");

      service.publish(
          new Snapshot(
              ++version,
              Map.of(
                  policies, Map.of("new", resource(policies, "1")),
                  routes, Map.of("to-new", resource(routes, "1")))));

      DeltaDiscoveryResponse added = peer.response();
      assertThat(added.getTypeUrl()).isEqualTo(policies);
      assertThat(WirePeer.names(added)).containsExactly("new");
      assertThat(added.getRemovedResourcesList()).isEmpty();
      peer.ack(added);
      DeltaDiscoveryResponse changed = peer.response();
      assertThat(WirePeer.names(changed)).containsExactly("to-new");
      assertThat(changed.getRemovedResourcesList()).containsExactly("to-old");
      settle();
      assertThat(peer.hasResponse()).as("before the routes are accepted").isFalse();
      peer.ack(changed);
      DeltaDiscoveryResponse gone = peer.response();
      assertThat(gone.getTypeUrl()).isEqualTo(policies);
      assertThat(gone.getResourcesList()).isEmpty();
      assertThat(gone.getRemovedResourcesList()).containsExactly("old");
    }
  }

  private static List<String> nextNames(WirePeer peer, String typeUrl) throws Exception {
    DeltaDiscoveryResponse response = peer.response();
    assertThat(response.getTypeUrl()).isEqualTo(typeUrl);
    peer.ack(response);
    return WirePeer.names(response);
  }

  @Test
  void mistakeAboutOneClient_endsItsStreamOnly() throws Exception {
    publish(Map.of(), Map.of("a", "1"));
    int port = listen();
    try (var other = new WirePeer(port);
        var peer = new WirePeer(port)) {
      other.subscribe(ADDRESSES);
      other.ack(other.response());
      listenerFails = true;
      peer.subscribe(ADDRESSES);
      assertThat(peer.end().getCode()).isEqualTo(Status.Code.INTERNAL);
      listenerFails = false;
      publish(Map.of(), Map.of("a", "2"));
      assertThat(WirePeer.names(other.response())).containsExactly("a");
    }
  }

  @Test
  void clientThatGoes_isForgotten() throws Exception {
    publish(Map.of(), Map.of());
    int port = listen();
    try (var peer = new WirePeer(port)) {
      peer.subscribe(ADDRESSES);
      peer.response();
      settle();
      assertThat(service.status()).hasSize(1);
    }
    assertThat(gone.poll(10, TimeUnit.SECONDS)).isEqualTo(WirePeer.NODE.getId());
    assertThat(service.status()).isEmpty();
  }

  @Test
  void floodOfRequests_isHandledInOrder() throws Exception {
    publish(Map.of(), Map.of("a", "1"));
    try (var peer = new WirePeer(listen())) {
      peer.subscribe(ADDRESSES);
      DeltaDiscoveryResponse first = peer.response();
      for (int i = 0; i < 5_000; i++) {
        peer.ack(first);
      }
      publish(Map.of(), Map.of("a", "2"));
      assertThat(WirePeer.names(peer.response())).containsExactly("a");
    }
  }
}
