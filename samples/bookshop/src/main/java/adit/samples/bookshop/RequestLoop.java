package adit.samples.bookshop;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// `client loop`: asks again and again and prints the counts as JSON, after `--seconds` or on
/// SIGTERM; with `--until line` also when a line comes on standard input, or its end.
///
/// - `new`: the next request when the last one has ended, each on a new connection
/// - `keepalive`: the same on one connection per worker for as long as the server keeps it
/// - `open`: `--rate` requests a second on new connections, whatever happened to the last ones
///
/// `--pause` milliseconds lie between two requests of a worker (0 by default). With `--repeats N` a
/// request that has failed is sent again at once, on a new connection, at most N times: a GET may
/// be repeated. Only the last failure counts.
///
/// A reused connection that turns out to be closed before the first byte of an answer is replaced
/// once, as every HTTP client does; that is counted as a reconnect and is no failure.
final class RequestLoop {
  private static final int MOST_OPEN = 512;

  private final URI uri;
  private final int timeoutMillis;
  private final int pauseMillis;
  private final int repeats;
  private final Counts counts = new Counts();
  private final AtomicBoolean stopping = new AtomicBoolean();

  private RequestLoop(Arguments arguments) {
    this.uri = URI.create(arguments.target());
    this.timeoutMillis = arguments.number("timeout", 20_000);
    this.pauseMillis = arguments.number("pause", 0);
    this.repeats = arguments.number("repeats", 0);
  }

  static int run(Arguments arguments) throws InterruptedException {
    RequestLoop loop = new RequestLoop(arguments);
    String mode = arguments.text("mode", "new");
    int seconds = arguments.number("seconds", 0);
    long start = System.nanoTime();
    CountDownLatch printed = new CountDownLatch(1);
    Thread.currentThread().setName("loop");
    Thread asking = Thread.currentThread();
    // SIGTERM: the hook stops the loop, and the loop's own end prints.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              loop.stopping.set(true);
              asking.interrupt();
              await(printed);
            }));
    if (arguments.text("until", "").equals("line")) {
      var _ = Thread.ofPlatform().daemon().start(() -> loop.stopAfterLine(asking));
    }
    Output.line("started");
    loop.ask(mode, arguments, seconds);
    Output.line(loop.counts.json(mode, (System.nanoTime() - start) / 1e9));
    printed.countDown();
    return loop.counts.failed() == 0 && loop.counts.total() > 0 ? 0 : 1;
  }

  private void stopAfterLine(Thread asking) {
    try {
      int c = System.in.read();
      while (c >= 0 && c != '\n') {
        c = System.in.read();
      }
    } catch (IOException e) {
      Output.line("standard input: " + e.getMessage()); // as if it had ended
    }
    stopping.set(true);
    asking.interrupt();
  }

  /// A failure in the words that counts are kept by.
  static String reason(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private void ask(String mode, Arguments arguments, int seconds) {
    int workers = arguments.number("workers", 1);
    switch (mode) {
      case "new" -> together(workers, this::onNewConnections, seconds);
      case "keepalive" -> together(workers, this::onOneConnection, seconds);
      case "open" -> atRate(arguments.number("rate", 20), seconds);
      default ->
          throw new IllegalArgumentException(
              String.format(Locale.ROOT, "mode: %s (expected: new, keepalive or open)", mode));
    }
  }

  private void together(int workers, Runnable work, int seconds) {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      threads.add(Thread.ofVirtual().start(work));
    }
    pause(seconds);
    threads.forEach(RequestLoop::join);
  }

  private void atRate(int rate, int seconds) {
    Semaphore open = new Semaphore(MOST_OPEN);
    ScheduledExecutorService ticks = Executors.newSingleThreadScheduledExecutor();
    var _ =
        ticks.scheduleAtFixedRate(
            () -> {
              if (open.tryAcquire()) {
                Thread.ofVirtual()
                    .start(() -> {
                      onNewConnection();
                      open.release();
                    });
              } else {
                counts.bad(MOST_OPEN + " requests open");
              }
            },
            0,
            TimeUnit.SECONDS.toNanos(1) / rate,
            TimeUnit.NANOSECONDS);
    pause(seconds);
    ticks.shutdownNow();
    open.acquireUninterruptibly(MOST_OPEN);
  }

  private void onNewConnections() {
    while (!stopping.get()) {
      onNewConnection();
      think();
    }
  }

  private void onNewConnection() {
    onNewConnection(repeats);
  }

  private void onNewConnection(int left) {
    long start = System.nanoTime();
    String failure;
    try {
      failure = judge(HttpConnection.get(uri, timeoutMillis), start);
    } catch (IOException e) {
      failure = reason(e);
    }
    if (!failure.isEmpty()) {
      again(failure, left);
    }
  }

  private void onOneConnection() {
    @Nullable HttpConnection connection = null;
    while (!stopping.get()) {
      boolean reused = connection != null;
      long start = System.nanoTime();
      try {
        if (connection == null) {
          connection = HttpConnection.open(uri, timeoutMillis);
        }
        String failure = judge(connection.get(uri, true), start);
        if (!failure.isEmpty()) {
          again(failure, repeats);
        }
        connection = connection.reusable() ? connection : closed(connection);
        think();
      } catch (IOException e) {
        connection = closed(connection);
        if (reused) {
          counts.reconnected();
        } else {
          again(reason(e), repeats);
        }
      }
    }
    closed(connection);
  }

  private void again(String failure, int left) {
    if (left > 0) {
      counts.repeated();
      onNewConnection(left - 1);
    } else {
      failed(failure);
    }
  }

  /// Empty: it was answered well, and is counted.
  private String judge(HttpConnection.Answer answer, long start) {
    if (!answer.good()) {
      return "status " + answer.status() + ": " + answer.body().strip();
    }
    counts.good(System.nanoTime() - start);
    return "";
  }

  private void failed(String reason) {
    counts.bad(reason);
    pauseMillis(20); // A loop that is refused at once must not become a load of its own.
  }

  private static @Nullable HttpConnection closed(@Nullable HttpConnection connection) {
    try {
      if (connection != null) {
        connection.close();
      }
    } catch (IOException e) {
      Output.line("close: " + e.getMessage());
    }
    return null;
  }

  private void think() {
    if (pauseMillis > 0) {
      pauseMillis(pauseMillis);
    }
  }

  private void pause(int seconds) {
    pauseMillis(seconds == 0 ? Long.MAX_VALUE : TimeUnit.SECONDS.toMillis(seconds));
    stopping.set(true);
  }

  private static void pauseMillis(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      // Told to stop: whoever waits looks at `stopping` next.
      return;
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      boolean done = latch.await(30, TimeUnit.SECONDS);
      if (!done) {
        Output.line("the last requests have not ended within 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
