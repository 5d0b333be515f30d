package adit.samples.bookshop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// `client flow`: one connection that carries a byte each 200 ms and expects it back. It is never
/// reopened: what counts is whether the first one lives.
final class LongFlow {
  private static final int INTERVAL_MILLIS = 200;
  private static final int TIMEOUT_MILLIS = 15_000;
  private static final int LETTERS = 26;

  private LongFlow() {}

  static int run(Arguments arguments) throws InterruptedException {
    String target = arguments.target();
    int colon = target.lastIndexOf(':');
    AtomicBoolean stopping = new AtomicBoolean();
    CountDownLatch printed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              stopping.set(true);
              await(printed);
            }));
    int seconds = arguments.number("seconds", Integer.MAX_VALUE / 1000);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    int bytes = 0;
    String broken = "";
    try (Socket socket =
        new Socket(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)))) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      Output.line("open " + socket.getLocalSocketAddress() + " " + socket.getRemoteSocketAddress());
      while (!stopping.get() && System.nanoTime() < end) {
        exchange(socket, 'a' + bytes % LETTERS);
        bytes++;
        Thread.sleep(INTERVAL_MILLIS);
      }
    } catch (IOException e) {
      broken = RequestLoop.reason(e);
    }
    Output.line(
        "{\"bytes\":"
            + bytes
            + ",\"broken\":"
            + !broken.isEmpty()
            + ",\"reason\":"
            + Counts.quoted(broken)
            + "}");
    printed.countDown();
    return broken.isEmpty() ? 0 : 1;
  }

  private static void exchange(Socket socket, int letter) throws IOException {
    OutputStream out = socket.getOutputStream();
    InputStream in = socket.getInputStream();
    out.write(letter);
    int back = in.read();
    if (back != letter) {
      throw new IOException(
          back < 0 ? "closed by the other side" : "got another byte back: " + back);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(5, TimeUnit.SECONDS)) {
        Output.line("the flow has not ended within 5 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
