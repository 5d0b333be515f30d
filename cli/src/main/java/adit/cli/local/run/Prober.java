package adit.cli.local.run;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import adit.linux.Netns;
import adit.source.object.Container;
import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/// Sends probes from a node's network namespace.
public final class Prober implements AutoCloseable {
  private static final int THREADS = 4;
  private static final int MOST_STATUS_BYTES = 64;
  private static final int FIRST_BAD_STATUS = 400;

  // Platform threads: entering a network namespace is per kernel thread.
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("probe-", 0).factory());

  /// The outcome of one attempt.
  ///
  /// @param good whether it succeeded
  /// @param said why not
  public record Outcome(boolean good, String said) {}

  /// Makes one attempt. The future never fails.
  public CompletableFuture<Outcome> probe(Container.Probe probe, ProbePlace place) {
    try {
      return CompletableFuture.supplyAsync(() -> attempt(probe, place), threads);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(new Outcome(false, "stopping"));
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  private static Outcome attempt(Container.Probe probe, ProbePlace place) {
    Duration timeout = Duration.ofSeconds(Math.max(1, probe.timeoutSeconds()));
    try {
      return switch (probe.action()) {
        case Container.Action.HttpGet get ->
            httpGet(place, place.port(get.port()), get.path(), timeout);
        case Container.Action.TcpSocket tcp -> {
          connect(place, place.port(tcp.port()), timeout).close();
          yield new Outcome(true, "");
        }
        case Container.Action.Grpc grpc -> {
          connect(place, grpc.port(), timeout).close();
          yield new Outcome(true, "");
        }
        case Container.Action.Exec exec ->
            new Outcome(false, "exec probes are not run: " + exec.command());
      };
    } catch (IOException | RuntimeException e) {
      return new Outcome(false, String.valueOf(e.getMessage()));
    }
  }

  private static Outcome httpGet(ProbePlace place, int port, String path, Duration timeout)
      throws IOException {
    try (Socket socket = connect(place, port, timeout)) {
      String host = place.to().getHostAddress() + ":" + port;
      String request =
          "GET "
              + path
              + " HTTP/1.1\r\nHost: "
              + host
              + "\r\nUser-Agent: kube-probe/1.36\r\n"
              + "Accept: */*\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      InputStream in = socket.getInputStream();
      String head = new String(in.readNBytes("HTTP/1.1 200".length()), ISO_8859_1);
      in.readNBytes(MOST_STATUS_BYTES);
      if (!head.matches("HTTP/1\\.[01] [1-5][0-9][0-9]")) {
        return new Outcome(false, "no HTTP answer");
      }
      int status = Integer.parseInt(head.substring(head.length() - 3));
      return new Outcome(status < FIRST_BAD_STATUS, "status " + status);
    }
  }

  private static Socket connect(ProbePlace place, int port, Duration timeout) throws IOException {
    InetAddress to = place.to();
    StandardProtocolFamily family =
        to instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
    SocketChannel channel;
    try (Netns node = place.from().open()) {
      channel = node.<SocketChannel, IOException>call(() -> SocketChannel.open(family));
    }
    Socket socket = channel.socket();
    try {
      socket.setSoTimeout((int) timeout.toMillis());
      socket.connect(new InetSocketAddress(to, port), (int) timeout.toMillis());
      return socket;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }
}
