package adit.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
