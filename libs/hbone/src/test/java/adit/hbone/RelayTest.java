package adit.hbone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Application, proxy, tunnel, proxy, application: over loopback with real TLS.
final class RelayTest {
  private static final long MANY = 100L << 20;

  private final LinkedBlockingQueue<Relay> inboundRelays = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<Relay> outboundRelays = new LinkedBlockingQueue<>();
  private Pair pair;
  private ServerSocket app;
  private Channel outbound;

  @BeforeEach
  void start() throws Exception {
    pair = new Pair(Pair.inbound(inboundRelays));
    app = new ServerSocket(0, 50, java.net.InetAddress.getLoopbackAddress());
    outbound =
        pair.outbound(pair.pool, (InetSocketAddress) app.getLocalSocketAddress(), outboundRelays);
  }

  @AfterEach
  void stop() throws Exception {
    outbound.close().sync();
    app.close();
    pair.close();
  }

  private Socket client() throws Exception {
    InetSocketAddress address = (InetSocketAddress) outbound.localAddress();
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private Socket accepted() throws Exception {
    app.setSoTimeout(20_000);
    Socket socket = app.accept();
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void end(Socket socket) throws Exception {
    socket.close();
  }

  private static RelayResult result(LinkedBlockingQueue<Relay> relays) throws Exception {
    Relay relay = relays.poll(10, TimeUnit.SECONDS);
    assertThat(relay).isNotNull();
    return relay.done().get(20, TimeUnit.SECONDS);
  }

  @Test
  void bytes_hundredMegabytesBothWays_arriveWhole() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      var up = inBackground(() -> send(client, 1));
      var down = inBackground(() -> send(server, 2));
      var atServer = inBackground(() -> receive(server));
      long atClient = receive(client);

      assertThat(atServer.get(60, TimeUnit.SECONDS)).isEqualTo(up.get(1, TimeUnit.SECONDS));
      assertThat(atClient).isEqualTo(down.get(1, TimeUnit.SECONDS));
    }
    assertThat(result(outboundRelays)).isEqualTo(new RelayResult(MANY, MANY, null));
    assertThat(result(inboundRelays)).isEqualTo(new RelayResult(MANY, MANY, null));
  }

  @Test
  void halfClose_byClient_leavesTheOtherDirectionOpen() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      client.getOutputStream().write('a');
      client.shutdownOutput();
      assertThat(server.getInputStream().read()).isEqualTo('a');
      assertThat(server.getInputStream().read()).isEqualTo(-1);

      server.getOutputStream().write("late".getBytes(UTF_8));
      assertThat(client.getInputStream().readNBytes(4)).isEqualTo("late".getBytes(UTF_8));
      end(server);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(result(outboundRelays)).isEqualTo(new RelayResult(1, 4, null));
    assertThat(result(inboundRelays)).isEqualTo(new RelayResult(4, 1, null));
  }

  /// A client that is quicker than the tunnel: what it sends and its FIN are there before anybody
  /// reads.
  @Test
  void bytesAndFin_beforeTheTunnelIsOpen_arriveWhole() throws Exception {
    var early = new LinkedBlockingQueue<Channel>();
    Channel listener = pair.holding(early);
    try (Socket client = connected(listener)) {
      client.getOutputStream().write('a');
      client.shutdownOutput();
      joinLate(early);
      try (Socket server = accepted()) {
        assertThat(server.getInputStream().read()).isEqualTo('a');
        assertThat(server.getInputStream().read()).isEqualTo(-1);
        server.getOutputStream().write("late".getBytes(UTF_8));
        assertThat(client.getInputStream().readNBytes(4)).isEqualTo("late".getBytes(UTF_8));
      }
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    } finally {
      listener.close().sync();
    }
    assertThat(result(outboundRelays)).isEqualTo(new RelayResult(1, 4, null));
  }

  @Test
  void finAlone_beforeTheTunnelIsOpen_arrives() throws Exception {
    var early = new LinkedBlockingQueue<Channel>();
    Channel listener = pair.holding(early);
    try (Socket client = connected(listener)) {
      client.shutdownOutput();
      joinLate(early);
      try (Socket server = accepted()) {
        server.setSoTimeout(5_000);
        assertThat(server.getInputStream().read()).isEqualTo(-1);
        server.getOutputStream().write("late".getBytes(UTF_8));
        assertThat(client.getInputStream().readNBytes(4)).isEqualTo("late".getBytes(UTF_8));
      }
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    } finally {
      listener.close().sync();
    }
  }

  @Test
  void bytesAndFin_beforeTwoPlainConnectionsAreJoined_arriveWhole() throws Exception {
    var early = new LinkedBlockingQueue<Channel>();
    Channel listener = pair.holding(early);
    try (Socket one = connected(listener);
        Socket other = connected(listener)) {
      one.getOutputStream().write('a');
      one.shutdownOutput();
      other.shutdownOutput();
      Channel first = seen(early);
      Channel second = seen(early);
      first.eventLoop().submit(() -> Relay.join(first, second)).get(5, TimeUnit.SECONDS);
      other.setSoTimeout(5_000);
      assertThat(other.getInputStream().read()).isEqualTo('a');
      assertThat(other.getInputStream().read()).isEqualTo(-1);
      one.setSoTimeout(5_000);
      assertThat(one.getInputStream().read()).isEqualTo(-1);
    } finally {
      listener.close().sync();
    }
  }

  private static Socket connected(Channel listener) throws Exception {
    InetSocketAddress address = (InetSocketAddress) listener.localAddress();
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /// The accepted channel, after its loop has handled all that the client did: an empty task runs
  /// behind the events of the same round.
  private static Channel seen(LinkedBlockingQueue<Channel> early) throws Exception {
    Channel tcp = early.poll(10, TimeUnit.SECONDS);
    assertThat(tcp).isNotNull();
    for (int round = 0; round < 5; round++) {
      tcp.eventLoop().submit(() -> {}).get(5, TimeUnit.SECONDS);
    }
    return tcp;
  }

  private void joinLate(LinkedBlockingQueue<Channel> early) throws Exception {
    Channel tcp = seen(early);
    Tunnel tunnel = pair.open(Pair.head((InetSocketAddress) app.getLocalSocketAddress()));
    outboundRelays.add(
        tcp.eventLoop().submit(() -> Relay.join(tcp, tunnel)).get(5, TimeUnit.SECONDS));
  }

  @Test
  void halfClose_byServer_leavesTheOtherDirectionOpen() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      server.getOutputStream().write('a');
      server.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo('a');
      assertThat(client.getInputStream().read()).isEqualTo(-1);

      client.getOutputStream().write("late".getBytes(UTF_8));
      assertThat(server.getInputStream().readNBytes(4)).isEqualTo("late".getBytes(UTF_8));
      end(client);
      assertThat(server.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(result(outboundRelays)).isEqualTo(new RelayResult(4, 1, null));
    assertThat(result(inboundRelays)).isEqualTo(new RelayResult(1, 4, null));
  }

  @Test
  void reset_byClient_endsTheServersSide() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      client.getOutputStream().write('a');
      assertThat(server.getInputStream().read()).isEqualTo('a');
      client.setSoLinger(true, 0);
      end(client);

      assertThat(server.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(result(outboundRelays).error()).isNull();
    assertThat(result(inboundRelays).error()).isNull();
  }

  @Test
  void reset_byServer_endsTheClientsSide() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      server.getOutputStream().write('a');
      assertThat(client.getInputStream().read()).isEqualTo('a');
      server.setSoLinger(true, 0);
      end(server);

      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(result(outboundRelays).error()).isNull();
    assertThat(result(inboundRelays).error()).isNull();
  }

  @Test
  void connectionLost_clientSeesAResetNotAnEnd() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      server.getOutputStream().write('a');
      assertThat(client.getInputStream().read()).isEqualTo('a');

      var _ = pair.server.close();

      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
    assertThat(result(outboundRelays).error()).isNotNull();
  }

  @Test
  void abort_byPolicy_endsBothSidesWithItsCause() throws Exception {
    try (Socket client = client();
        Socket server = accepted()) {
      client.getOutputStream().write('a');
      assertThat(server.getInputStream().read()).isEqualTo('a');
      Relay relay = inboundRelays.poll(10, TimeUnit.SECONDS);
      assertThat(relay).isNotNull();

      relay.abort(new IllegalStateException("policy"));

      assertThat(relay.done().get(10, TimeUnit.SECONDS).error()).hasMessage("policy");
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
      assertThatThrownBy(() -> server.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  @Test
  void slowReader_stopsTheWriter_andDelaysNobodyElse() throws Exception {
    try (Socket client = client();
        Socket server = accepted();
        Socket otherClient = client();
        Socket otherServer = accepted()) {
      var sending = inBackground(() -> send(client, 1));
      Relay relay = outboundRelays.poll(10, TimeUnit.SECONDS);
      assertThat(relay).isNotNull();
      long seen = stalled(relay);

      // Windows of 4 MiB at the peer, our own queue, and the kernel's buffers (6 MiB each way).
      assertThat(seen).isLessThan(30 << 20);
      otherClient.getOutputStream().write('x');
      assertThat(otherServer.getInputStream().read()).isEqualTo('x');
      long received = receive(server);
      assertThat(received).isEqualTo(sending.get(60, TimeUnit.SECONDS));
    }
  }

  /// Waits until nothing moves for half a second.
  private static long stalled(Relay relay) {
    long last = -1;
    int still = 0;
    for (int i = 0; i < 400 && still < 10; i++) {
      LockSupport.parkNanos(50_000_000);
      long now = relay.fromFirst();
      still = now == last && now > 0 ? still + 1 : 0;
      last = now;
    }
    assertThat(still).as("relay stalls").isEqualTo(10);
    return last;
  }

  @Test
  void hundredFiftyTunnelsAtOnce_shareTwoConnections() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 150; i++) {
        sockets.add(client());
        sockets.add(accepted());
      }
      for (int i = 0; i < 300; i += 2) {
        sockets.get(i).getOutputStream().write(i / 2);
      }
      List<Integer> seen = new ArrayList<>();
      for (int i = 1; i < 300; i += 2) {
        seen.add(sockets.get(i).getInputStream().read());
      }

      assertThat(seen).doesNotHaveDuplicates().hasSize(150);
      assertThat(pair.server.connections()).isEqualTo(2);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private static long send(Socket socket, long seed) throws Exception {
    Random random = new Random(seed);
    byte[] chunk = new byte[100_000];
    CRC32C sum = new CRC32C();
    OutputStream out = socket.getOutputStream();
    for (long left = MANY; left > 0; ) {
      random.nextBytes(chunk);
      int size = (int) Math.min(left, 1 + random.nextInt(chunk.length));
      out.write(chunk, 0, size);
      sum.update(chunk, 0, size);
      left -= size;
    }
    socket.shutdownOutput();
    return sum.getValue();
  }

  private static long receive(Socket socket) throws Exception {
    InputStream in = socket.getInputStream();
    CRC32C sum = new CRC32C();
    byte[] chunk = new byte[100_000];
    for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
      sum.update(chunk, 0, read);
    }
    return sum.getValue();
  }

  private static <T> CompletableFuture<T> inBackground(java.util.concurrent.Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            result.complete(task.call());
          } catch (Exception e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }
}
