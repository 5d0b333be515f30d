package adit.telemetry;

import io.netty.util.internal.PlatformDependent;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Where lines go: one thread writes what all others hand over through a bounded queue.
///
/// A caller never waits. When the reader of standard output is slow and the queue is full, lines
/// are dropped, counted, and the next line that fits says how many. [#close] writes what is queued,
/// waiting a bounded time.
public final class LogOutput implements AutoCloseable {
  private static final int CAPACITY_LINES = 8192;
  private static final long CAPACITY_BYTES = 8L << 20;
  private static final int BATCH_BYTES = 64 << 10;
  private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(2);

  private final OutputStream stream;
  private final LogFormat format;
  private final Clock clock;
  private final LogLevels levels;
  private final Map<String, Scope> scopes = new ConcurrentHashMap<>();
  private final Queue<Object> queue = PlatformDependent.newFixedMpscQueue(CAPACITY_LINES);
  private final AtomicLong queuedBytes = new AtomicLong();
  private final AtomicLong unsaidDrops = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final Thread writer;
  private volatile boolean sleeping;
  private volatile boolean closing;
  private volatile Second second = new Second(Long.MIN_VALUE, "");

  private LogOutput(OutputStream stream, LogFormat format, LogFilter filter, Clock clock) {
    this.stream = stream;
    this.format = format;
    this.clock = clock;
    this.levels = new LogLevels(filter, this::apply);
    this.writer = Thread.ofPlatform().daemon().name("log").unstarted(this::writeAll);
  }

  /// Lines to standard output as `RUST_LOG` and `LOG_FORMAT` say.
  ///
  /// A `RUST_LOG` that is not understood gives `info` and a warning: a typing mistake must not keep
  /// a node's proxy from starting.
  ///
  /// Warnings and errors of libraries, which they would write to standard error in a form of their
  /// own, become lines of the target `library`.
  @WritesToStandardOutput("this is the log's own way out")
  public static LogOutput start(Map<String, String> environment) {
    String wanted = environment.getOrDefault("RUST_LOG", "info");
    LogFilter filter = LogFilter.parseOrNull(wanted);
    LogOutput output =
        start(
            new FileOutputStream(FileDescriptor.out),
            LogFormat.of(environment),
            filter == null ? LogFilter.INFO : filter,
            Clock.systemUTC());
    if (filter == null) {
      output
          .scope("telemetry")
          .warn("RUST_LOG: not understood (expected: level or scope=level,...)", "value", wanted);
    }
    LibraryLog.install(output.scope("library"));
    return output;
  }

  /// Lines to any stream. The stream is written by one thread only and not closed.
  public static LogOutput start(
      OutputStream stream, LogFormat format, LogFilter filter, Clock clock) {
    var output = new LogOutput(stream, format, filter, clock);
    output.writer.start();
    return output;
  }

  /// The log of a target, for example `access` or `xds`. Targets are a fixed few per program.
  public Log scope(String target) {
    return new Log(
        scopes.computeIfAbsent(target, t -> new Scope(t, levels.current().levelOf(t))), this, null);
  }

  public LogLevels levels() {
    return levels;
  }

  /// Lines lost since the start because the reader of the output was too slow.
  public long dropped() {
    return dropped.get();
  }

  /// Waits until all lines handed over before this call are written.
  ///
  /// @return false if that took longer than `timeout`
  public boolean flush(Duration timeout) {
    var written = new CountDownLatch(1);
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!queue.offer(written)) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      LockSupport.parkNanos(LINGER_NANOS);
    }
    LockSupport.unpark(writer);
    try {
      return written.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Writes what is queued (for at most two seconds) and stops the writer. Later lines are lost.
  @Override
  public void close() {
    var _ = flush(CLOSE_WAIT);
    closing = true;
    LockSupport.unpark(writer);
  }

  void write(
      Level level,
      String target,
      @Nullable LogSpan span,
      String message,
      @Nullable Object[] keyValues) {
    String time = time();
    String line =
        format == LogFormat.JSON
            ? LogLine.json(time, level, target, span, message, keyValues)
            : LogLine.plain(time, level, target, span, message, keyValues);
    hand(line);
  }

  void write(String text) {
    hand(text + '\n');
  }

  private void hand(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    if (queuedBytes.get() + bytes.length > CAPACITY_BYTES || !queue.offer(bytes)) {
      dropped.incrementAndGet();
      unsaidDrops.incrementAndGet();
      return;
    }
    queuedBytes.addAndGet(bytes.length);
    // Reading after the queue's own fence, so that either we see the sleeper or it sees the line.
    if (sleeping) {
      sleeping = false;
      LockSupport.unpark(writer);
    }
  }

  private void apply(LogFilter filter) {
    scopes.values().forEach(scope -> scope.level = filter.levelOf(scope.target));
  }

  private void writeAll() {
    var batch = new ByteArrayOutputStream(BATCH_BYTES);
    while (true) {
      if (drain(batch)) {
        // Lines come in bursts: waiting a little saves the next callers a wake-up each.
        LockSupport.parkNanos(this, LINGER_NANOS);
      } else if (closing) {
        return;
      } else {
        sleepUntilNext();
      }
    }
  }

  private void sleepUntilNext() {
    sleeping = true;
    if (queue.isEmpty() && !closing) {
      LockSupport.park(this);
    }
    sleeping = false;
  }

  private boolean drain(ByteArrayOutputStream batch) {
    boolean any = false;
    Object next = queue.poll();
    while (next != null) {
      any = true;
      if (next instanceof byte[] line) {
        queuedBytes.addAndGet(-line.length);
        batch.writeBytes(line);
      }
      if (batch.size() >= BATCH_BYTES || next instanceof CountDownLatch) {
        writeOut(batch);
      }
      if (next instanceof CountDownLatch flushed) {
        flushed.countDown();
      }
      next = queue.poll();
    }
    writeOut(batch);
    return any;
  }

  private void writeOut(ByteArrayOutputStream batch) {
    long lost = unsaidDrops.getAndSet(0);
    if (lost > 0) {
      @Nullable Object[] fields = {"count", lost};
      String message = "log lines dropped, the reader of the output is too slow";
      String line =
          format == LogFormat.JSON
              ? LogLine.json(time(), Level.WARN, "telemetry", null, message, fields)
              : LogLine.plain(time(), Level.WARN, "telemetry", null, message, fields);
      batch.writeBytes(line.getBytes(StandardCharsets.UTF_8));
    }
    if (batch.size() == 0) {
      return;
    }
    try {
      batch.writeTo(stream);
      stream.flush();
    } catch (IOException _) {
      // Nobody reads standard output any more; there is no other place to say so.
      dropped.incrementAndGet();
    } finally {
      batch.reset();
    }
  }

  /// RFC 3339 with microseconds. The text of the second is shared by the lines of that second.
  private String time() {
    Instant now = clock.instant();
    Second current = second;
    if (current.epoch != now.getEpochSecond()) {
      String text = Instant.ofEpochSecond(now.getEpochSecond()).toString();
      current = new Second(now.getEpochSecond(), text.substring(0, text.length() - 1) + ".");
      second = current;
    }
    String micros = Integer.toString(1_000_000 + now.getNano() / 1000);
    return current.text + micros.substring(1) + "Z";
  }

  private record Second(long epoch, String text) {}

  /// A target and its level now.
  static final class Scope {
    final String target;
    volatile Level level;

    private Scope(String target, Level level) {
      this.target = target;
      this.level = level;
    }

    static Scope silent() {
      return new Scope("", Level.OFF);
    }
  }
}
