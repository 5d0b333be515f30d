package adit.scenarios;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/// An application that opens connections to an echo, one after the other, until it is closed.
final class Traffic implements AutoCloseable {
  private final MeshPod from;
  private final InetSocketAddress to;
  private final Thread thread;
  private final List<String> failures = new ArrayList<>();
  private long exchanges;
  private boolean stopping;

  private Traffic(MeshPod from, InetSocketAddress to) {
    this.from = from;
    this.to = to;
    this.thread = Thread.ofPlatform().daemon().name("traffic").unstarted(this::run);
  }

  static Traffic start(MeshPod from, InetSocketAddress to) {
    Traffic traffic = new Traffic(from, to);
    traffic.thread.start();
    return traffic;
  }

  private void run() {
    while (!stopping()) {
      String failure = exchange();
      synchronized (this) {
        exchanges++;
        if (!failure.isEmpty()) {
          failures.add("exchange " + exchanges + ": " + failure);
        }
        notifyAll();
      }
    }
  }

  private synchronized boolean stopping() {
    return stopping;
  }

  /// What went wrong, or nothing.
  private String exchange() {
    try (Socket socket = from.client().connect(to)) {
      socket.getOutputStream().write("ping".getBytes(UTF_8));
      socket.shutdownOutput();
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      return answer.equals("ping") ? "" : "answer: '" + answer + "' (expected: ping)";
    } catch (IOException e) {
      return e.toString();
    }
  }

  /// Waits until that many more connections were tried.
  synchronized void awaitMore(int count) throws InterruptedException {
    long wanted = exchanges + count;
    long deadline = System.nanoTime() + Mesh.SOON.multipliedBy(2).toNanos();
    while (exchanges < wanted) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new AssertionError("exchanges: " + exchanges + " (expected: " + wanted + ")");
      }
      wait(left);
    }
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() {
    synchronized (this) {
      stopping = true;
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
