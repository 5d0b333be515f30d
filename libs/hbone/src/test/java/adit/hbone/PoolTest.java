package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import adit.model.SpiffeId;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The pool against a server of ours, and against peers that misbehave.
final class PoolTest {
  private static final ConnectHead HEAD = new ConnectHead("10.0.0.1:80", null, null, null, null);

  private final LinkedBlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  private final ConnectHandler queueing =
      (request, responder) -> requests.add(new Request(request, responder));
  private @Nullable Pair pair;

  /// What a server was asked.
  private record Request(ConnectRequest request, Responder responder) {
    Tunnel accept() throws Exception {
      return on(() -> responder.accept("k8s.namespace.name=default"));
    }

    void refuse(int status, @Nullable String refusal) throws Exception {
      on(() -> {
        responder.refuse(status, refusal);
        return status;
      });
    }

    private <T> T on(java.util.concurrent.Callable<T> action) throws Exception {
      return request.eventLoop().submit(action).get(10, TimeUnit.SECONDS);
    }
  }

  @AfterEach
  void stop() throws Exception {
    if (pair != null) {
      pair.close();
    }
  }

  private Pair start(PoolSettings settings) throws Exception {
    Pair started = new Pair(ServerSettings.defaults(), settings, queueing);
    pair = started;
    return started;
  }

  private Request request() throws Exception {
    Request request = requests.poll(10, TimeUnit.SECONDS);
    assertThat(request).isNotNull();
    return request;
  }

  private static OpenFailure failure(Future<Tunnel> opening) throws Exception {
    try {
      var _ = opening.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return ((OpenException) Objects.requireNonNull(e.getCause())).failure();
    }
    return fail("it opened");
  }

  private static Future<Tunnel> open(HbonePool<String> pool) {
    return pool.open("key", HEAD, Duration.ofSeconds(10));
  }

  private static PoolSettings settings(int maxStreams, int maxIdle, Duration idleRelease) {
    PoolSettings usual = PoolSettings.defaults();
    return new PoolSettings(
        usual.http2(),
        maxStreams,
        maxIdle,
        idleRelease,
        usual.maxWaiting(),
        Duration.ofSeconds(2),
        Duration.ofSeconds(2),
        Duration.ofSeconds(2));
  }

  private static int connections(Pair pair) throws Exception {
    return pair.clientLoop.submit(pair.pool::connections).get(10, TimeUnit.SECONDS);
  }

  private static void eventually(java.util.concurrent.Callable<Boolean> holds) throws Exception {
    for (int i = 0; i < 500 && !holds.call(); i++) {
      java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
    }
    assertThat(holds.call()).isTrue();
  }

  @Test
  void open_headersAndAnswerCrossTheWire() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    ConnectHead head =
        new ConnectHead(
            "[2001:db8::1]:8080",
            "for=\"10.0.0.5:41234\";host=echo.default.svc.cluster.local",
            "k8s.cluster.name=c1,k8s.namespace.name=default",
            "00-00000000000000000000000000000001-0000000000000002-00",
            "net1");

    Future<Tunnel> opening = pair.pool.open("key", head, Duration.ofSeconds(10));
    Request request = request();
    Tunnel serverSide = request.accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);

    assertThat(request.request().head()).isEqualTo(head);
    assertThat(request.request().isConnect()).isTrue();
    assertThat(request.request().peer().session()).isNotNull();
    assertThat(tunnel.answer())
        .isEqualTo(new ConnectAnswer(200, "k8s.namespace.name=default", null));
    assertThat(serverSide.answer().status()).isEqualTo(200);
  }

  @Test
  void open_manyAtOnce_oneConnection() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    List<Future<Tunnel>> openings = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      openings.add(open(pair.pool));
    }
    for (int i = 0; i < 100; i++) {
      var _ = request().accept();
    }
    for (Future<Tunnel> opening : openings) {
      assertThat(opening.get(10, TimeUnit.SECONDS)).isNotNull();
    }

    assertThat(pair.server.connections()).isEqualTo(1);
    assertThat(connections(pair)).isEqualTo(1);
  }

  @Test
  void open_connectionFull_anotherIsMade_andTheFirstIsUsedAgainWhenItHasRoom() throws Exception {
    Pair pair = start(settings(2, 500, Duration.ofMinutes(5)));
    List<Tunnel> tunnels = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Future<Tunnel> opening = open(pair.pool);
      var _ = request().accept();
      tunnels.add(opening.get(10, TimeUnit.SECONDS));
    }
    assertThat(connections(pair)).isEqualTo(2);

    pair.clientLoop.submit(() -> tunnels.getFirst().cancel()).get(10, TimeUnit.SECONDS);
    Future<Tunnel> fourth = open(pair.pool);
    var _ = request().accept();

    assertThat(fourth.get(10, TimeUnit.SECONDS).peer()).isEqualTo(tunnels.getFirst().peer());
    assertThat(connections(pair)).isEqualTo(2);
  }

  @Test
  void open_refused_statusAndReasonArrive() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    Future<Tunnel> opening = open(pair.pool);

    request().refuse(401, "policy=default/deny-all");

    assertThat(failure(opening)).isEqualTo(new OpenFailure.Status(401, "policy=default/deny-all"));
    // Thousands of refusals must not make the tunnel look hostile.
    for (int i = 0; i < 3000; i++) {
      Future<Tunnel> again = open(pair.pool);
      request().refuse(503, null);
      assertThat(failure(again)).isEqualTo(new OpenFailure.Status(503, null));
    }
    assertThat(pair.server.connections()).isEqualTo(1);
  }

  @Test
  void open_nobodyListens_allWhoWaitFail() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = (InetSocketAddress) socket.getLocalSocketAddress();
    }
    HbonePool<String> pool = pair.pool(PoolSettings.defaults(), nobody);

    List<Future<Tunnel>> openings = List.of(open(pool), open(pool), open(pool));

    for (Future<Tunnel> opening : openings) {
      assertThat(failure(opening)).isInstanceOf(OpenFailure.ConnectRefused.class);
    }
  }

  @Test
  void open_peerSaysNothing_handshakeTimesOut_andAllWhoWaitFail() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    try (ServerSocket silent = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
      HbonePool<String> pool =
          pair.pool(
              settings(100, 10, Duration.ofMinutes(5)),
              (InetSocketAddress) silent.getLocalSocketAddress());

      Future<Tunnel> first = open(pool);
      Future<Tunnel> second = open(pool);

      assertThat(failure(first)).isInstanceOf(OpenFailure.Tls.class);
      assertThat(failure(second)).isInstanceOf(OpenFailure.Tls.class);
    }
  }

  @Test
  void open_noAnswer_deadline_andTheServerHearsOfIt() throws Exception {
    Pair pair = start(settings(100, 10, Duration.ofMinutes(5)));
    Future<Tunnel> opening = open(pair.pool);
    Request request = request();
    LinkedBlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    var _ =
        request
            .request()
            .eventLoop()
            .submit(() -> request.responder().onCancelled(() -> cancelled.add("cancelled")));

    assertThat(failure(opening)).isInstanceOf(OpenFailure.Deadline.class);
    assertThat(cancelled.poll(10, TimeUnit.SECONDS)).isEqualTo("cancelled");
    assertThat(request.accept().isWritable()).isTrue();
  }

  @Test
  void open_cancelled_theServerHearsOfIt() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    Future<Tunnel> opening = open(pair.pool);
    Request request = request();
    LinkedBlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    request
        .request()
        .eventLoop()
        .submit(() -> request.responder().onCancelled(() -> cancelled.add("cancelled")))
        .get(10, TimeUnit.SECONDS);

    opening.cancel(false);

    assertThat(cancelled.poll(10, TimeUnit.SECONDS)).isEqualTo("cancelled");
  }

  @Test
  void open_someoneElsesIdentity_isTold() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    pair.expected = Set.of(new SpiffeId("cluster.local", "default", "somebody-else"));

    assertThat(failure(open(pair.pool))).isInstanceOf(OpenFailure.PeerIdentity.class);
    assertThat(pair.failures.poll(10, TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void plainText_atTheServer_isReported() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    try (Socket plain = new Socket(pair.address.getAddress(), pair.address.getPort())) {
      plain
          .getOutputStream()
          .write("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

      assertThat(pair.failures.poll(10, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void idle_released() throws Exception {
    Pair pair = start(settings(100, 500, Duration.ofMillis(200)));
    Future<Tunnel> opening = open(pair.pool);
    var _ = request().accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);

    pair.clientLoop.submit(tunnel::cancel).get(10, TimeUnit.SECONDS);

    eventually(() -> connections(pair) == 0 && pair.server.connections() == 0);
  }

  @Test
  void idle_moreThanMay_oldestIsClosed() throws Exception {
    Pair pair = start(settings(100, 1, Duration.ofMinutes(5)));
    List<Tunnel> tunnels = new ArrayList<>();
    for (String key : List.of("a", "b")) {
      Future<Tunnel> opening = pair.pool.open(key, HEAD, Duration.ofSeconds(10));
      var _ = request().accept();
      tunnels.add(opening.get(10, TimeUnit.SECONDS));
    }
    for (Tunnel tunnel : tunnels) {
      pair.clientLoop.submit(tunnel::cancel).get(10, TimeUnit.SECONDS);
    }

    eventually(() -> connections(pair) == 1);
    Future<Tunnel> again = pair.pool.open("b", HEAD, Duration.ofSeconds(10));
    var _ = request().accept();
    assertThat(again.get(10, TimeUnit.SECONDS).peer()).isEqualTo(tunnels.getLast().peer());
  }

  @Test
  void drain_whileTunnelsRun_theyGoOn_andNewOnesGoElsewhere() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    Future<Tunnel> opening = open(pair.pool);
    Tunnel serverSide = request().accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);
    LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    pair.clientLoop.submit(() -> tunnel.receiver(new Recording(tunnel, events))).get();
    var _ =
        pair.serverGroup
            .next()
            .submit(
                () -> serverSide.receiver(new Recording(serverSide, new LinkedBlockingQueue<>())))
            .get();

    var drained = pair.server.drain();
    // The connection is retired once the second GOAWAY is there.
    eventually(() -> pair.clientLoop.submit(() -> isRetired(tunnel)).get());
    serverSide
        .eventLoop()
        .submit(() -> {
          serverSide.write(
              io.netty.buffer.Unpooled.copiedBuffer(
                  "still", java.nio.charset.StandardCharsets.US_ASCII));
          serverSide.flush();
          serverSide.endOutput();
        })
        .get();
    assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("data still");
    assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("end");
    assertThat(failure(open(pair.pool))).isNotNull();
    assertThat(drained.toCompletableFuture()).isNotDone();
    pair.clientLoop.submit(tunnel::endOutput).get();

    drained.toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("closed null");
  }

  private static boolean isRetired(Tunnel tunnel) {
    return ((TunnelStream) tunnel).link().streams().isPeerGoingAway();
  }

  @Test
  void drain_ofThePool_completesWhenTheLastTunnelEnds() throws Exception {
    Pair pair = start(PoolSettings.defaults());
    Future<Tunnel> opening = open(pair.pool);
    var _ = request().accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);

    Future<?> drained = pair.pool.drain();
    assertThat(failure(open(pair.pool))).isInstanceOf(OpenFailure.Unavailable.class);
    assertThat(drained.isDone()).isFalse();
    pair.clientLoop.submit(tunnel::cancel).get(10, TimeUnit.SECONDS);

    assertThat(drained.await(10, TimeUnit.SECONDS)).isTrue();
  }

  /// Writes down what a tunnel says.
  static final class Recording implements TunnelReceiver {
    private final Tunnel tunnel;
    private final LinkedBlockingQueue<String> events;

    Recording(Tunnel tunnel, LinkedBlockingQueue<String> events) {
      this.tunnel = tunnel;
      this.events = events;
    }

    @Override
    public void data(io.netty.buffer.ByteBuf bytes) {
      events.add("data " + bytes.toString(java.nio.charset.StandardCharsets.US_ASCII));
      int size = bytes.readableBytes();
      bytes.release();
      tunnel.consumed(size);
    }

    @Override
    public void readComplete() {}

    @Override
    public void end() {
      events.add("end");
    }

    @Override
    public void closed(@Nullable Throwable cause) {
      events.add("closed " + (cause == null ? "null" : cause.getMessage()));
    }

    @Override
    public void writabilityChanged() {
      events.add("writable");
    }
  }
}
