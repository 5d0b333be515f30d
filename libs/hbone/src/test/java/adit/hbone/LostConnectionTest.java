package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import adit.model.SpiffeId;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A peer's process dies, with the connections that the pool has to it.
final class LostConnectionTest {
  private static final ConnectHead HEAD = new ConnectHead("10.0.0.1:80", null, null, null, null);
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final LinkedBlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private Pair pair;
  private Wire wire;
  private HbonePool<String> pool;

  private record Asked(ConnectRequest request, Responder responder) {
    void accept() throws Exception {
      var _ = request.eventLoop().submit(() -> responder.accept(null)).get(10, TimeUnit.SECONDS);
    }

    void refuse(int status) throws Exception {
      request.eventLoop().submit(() -> responder.refuse(status, null)).get(10, TimeUnit.SECONDS);
    }
  }

  @BeforeEach
  void start() throws Exception {
    pair = new Pair((request, responder) -> asked.add(new Asked(request, responder)));
    wire = new Wire(pair.address);
    pool = pair.pool(PoolSettings.defaults(), wire.address());
  }

  @AfterEach
  void stop() throws Exception {
    var _ = pool.close();
    wire.close();
    pair.close();
  }

  private Future<Tunnel> open() {
    return pool.open("key", HEAD, DEADLINE);
  }

  private Asked asked() throws Exception {
    return Objects.requireNonNull(asked.poll(10, TimeUnit.SECONDS), "the server was not asked");
  }

  private int connections() throws Exception {
    return pair.clientLoop.submit(pool::connections).get(10, TimeUnit.SECONDS);
  }

  private static void eventually(Callable<Boolean> holds) throws Exception {
    for (int i = 0; i < 500 && !holds.call(); i++) {
      LockSupport.parkNanos(10_000_000);
    }
    assertThat(holds.call()).isTrue();
  }

  /// A connection without a tunnel.
  private void idleConnection() throws Exception {
    Future<Tunnel> opening = open();
    asked().accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);
    pair.clientLoop.submit(tunnel::cancel).get(10, TimeUnit.SECONDS);
    assertThat(connections()).isEqualTo(1);
  }

  @Test
  void peerDies_idleConnectionLeavesThePool() throws Exception {
    idleConnection();

    wire.cut(false);

    eventually(() -> connections() == 0);
  }

  @Test
  void peerIsKilledHard_idleConnectionLeavesThePool() throws Exception {
    idleConnection();

    wire.cut(true);

    eventually(() -> connections() == 0);
  }

  @Test
  void peerDies_beforeItAnswers_theRequestIsSentOnceMore() throws Exception {
    Future<Tunnel> opening = open();
    var _ = asked();

    wire.cut(true);
    asked().accept();

    assertThat(opening.get(10, TimeUnit.SECONDS)).isNotNull();
    assertThat(wire.accepted()).isEqualTo(2);
  }

  @Test
  void peerDies_twiceBeforeItAnswers_fails_andAnotherEndpointMayBeTried() throws Exception {
    Future<Tunnel> opening = open();
    var _ = asked();
    wire.cut(false);
    var _ = asked();

    wire.cut(false);

    OpenFailure failure = failure(opening);
    assertThat(failure).isInstanceOf(OpenFailure.Broken.class);
    assertThat(failure.isSafeToRetry()).isTrue();
    assertThat(asked).isEmpty();
  }

  @Test
  void peerDies_duringTheHandshake_anotherConnectionIsMade() throws Exception {
    wire.refuseNext(1);

    Future<Tunnel> opening = open();
    asked().accept();

    assertThat(opening.get(10, TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void peerEndsEveryHandshake_fails() throws Exception {
    wire.refuseNext(2);

    assertThat(failure(open())).isInstanceOf(OpenFailure.Tls.class);
    assertThat(wire.accepted()).isEqualTo(2);
  }

  @Test
  void peerDies_afterItsAnswer_nothingIsSentAgain() throws Exception {
    Future<Tunnel> opening = open();
    asked().accept();
    Tunnel tunnel = opening.get(10, TimeUnit.SECONDS);
    LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    pair.clientLoop
        .submit(() -> tunnel.receiver(new PoolTest.Recording(tunnel, events)))
        .get(10, TimeUnit.SECONDS);

    wire.cut(false);

    assertThat(events.poll(10, TimeUnit.SECONDS)).startsWith("closed ");
    assertThat(asked).isEmpty();
    assertThat(wire.accepted()).isEqualTo(1);
  }

  @Test
  void peerRefuses_nothingIsSentAgain() throws Exception {
    for (int status : new int[] {401, 403, 503}) {
      Future<Tunnel> opening = open();
      asked().refuse(status);

      assertThat(failure(opening)).isEqualTo(new OpenFailure.Status(status, null));
    }
    assertThat(asked).isEmpty();
    assertThat(wire.accepted()).isEqualTo(1);
  }

  @Test
  void peerIsSomebodyElse_nothingIsDialledAgain() throws Exception {
    pair.expected = Set.of(new SpiffeId("cluster.local", "default", "somebody-else"));

    assertThat(failure(open())).isInstanceOf(OpenFailure.PeerIdentity.class);
    assertThat(wire.accepted()).isEqualTo(1);
  }

  private static OpenFailure failure(Future<Tunnel> opening) {
    assertThatThrownBy(() -> opening.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(OpenException.class);
    return ((OpenException) Objects.requireNonNull(opening.cause())).failure();
  }

  /// Carries connections to a server and can cut them all, as the end of the server's process does:
  /// nobody says goodbye in TLS.
  private static final class Wire implements AutoCloseable {
    private final ServerSocket listener;
    private final InetSocketAddress server;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final AtomicInteger refusing = new AtomicInteger();
    private final AtomicInteger accepted = new AtomicInteger();

    Wire(InetSocketAddress server) throws IOException {
      this.server = server;
      this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      var _ = Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
      return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    int accepted() {
      return accepted.get();
    }

    /// The next connections end as soon as the client has said something.
    void refuseNext(int count) {
      refusing.set(count);
    }

    private void accept() {
      try {
        while (true) {
          Socket client = listener.accept();
          accepted.incrementAndGet();
          if (refusing.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            // With what the client said unread, this resets.
            client.close();
          } else {
            Socket onward = new Socket(server.getAddress(), server.getPort());
            sockets.add(client);
            var _ = Thread.ofVirtual().start(() -> carry(client, onward));
            var _ = Thread.ofVirtual().start(() -> carry(onward, client));
          }
        }
      } catch (IOException _) {
        // Closed: the test is over.
      }
    }

    private static void carry(Socket from, Socket to) {
      try (from;
          to) {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] buffer = new byte[16 << 10];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          out.write(buffer, 0, read);
        }
      } catch (IOException _) {
        // Cut.
      }
    }

    /// Ends all connections towards the client, with a reset or without. Those that the client
    /// makes because of that are not among them.
    void cut(boolean reset) throws IOException {
      List<Socket> before = List.copyOf(sockets);
      sockets.clear();
      for (Socket socket : before) {
        if (reset) {
          socket.setSoLinger(true, 0);
        }
        socket.close();
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
      cut(false);
    }
  }
}
