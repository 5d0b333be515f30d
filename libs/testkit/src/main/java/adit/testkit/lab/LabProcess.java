package adit.testkit.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// A running program; standard output and standard error are collected line by line.
public final class LabProcess implements AutoCloseable {
  private static final int MOST_LINES = 200_000;
  private static final Duration TO_END = Duration.ofSeconds(5);

  private final Process process;
  private final List<String> lines = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean ended;

  private LabProcess(Process process) {
    this.process = process;
  }

  /// Starts a command with variables added to its environment.
  public static LabProcess start(List<String> words, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().putAll(environment);
    LabProcess started = new LabProcess(builder.start());
    Thread.ofPlatform().daemon().name("output of " + words.getLast()).start(started::collect);
    return started;
  }

  /// Its process id (the program itself, not the command that entered the namespace).
  public long pid() {
    return process.pid();
  }

  /// Whether it still runs.
  public boolean isAlive() {
    return process.isAlive();
  }

  /// What it has written so far.
  public List<String> lines() {
    lock.lock();
    try {
      return List.copyOf(lines);
    } finally {
      lock.unlock();
    }
  }

  /// The first line that contains `text`, written before or within `timeout`.
  public String awaitLine(String text, Duration timeout) throws InterruptedException {
    return awaitLine("a line with: " + text, line -> line.contains(text), timeout);
  }

  /// The first line that fits, written before or within `timeout`.
  ///
  /// @throws AssertionError there was none; the message has `what` and the last lines
  public String awaitLine(String what, Predicate<String> fits, Duration timeout)
      throws InterruptedException {
    long left = timeout.toNanos();
    int seen = 0;
    lock.lock();
    try {
      while (true) {
        for (; seen < lines.size(); seen++) {
          if (fits.test(lines.get(seen))) {
            return lines.get(seen);
          }
        }
        if (ended || left <= 0) {
          throw new AssertionError(
              (ended ? "the process ended without " : "not within " + timeout + ": ")
                  + what
                  + tail());
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Its exit code, when it ends by itself within `timeout`; its output is complete then.
  public int waitFor(Duration timeout) throws InterruptedException {
    if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new AssertionError("still running after " + timeout);
    }
    awaitOutput();
    return process.exitValue();
  }

  /// Sends SIGTERM.
  public void terminate() {
    // Unlike that of Process, destroy() of a handle leaves the output to be read.
    process.toHandle().destroy();
  }

  /// Sends SIGKILL and waits for the end.
  public void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  /// Ends it: SIGTERM, after five seconds SIGKILL.
  @Override
  public void close() {
    terminate();
    try {
      if (!process.waitFor(TO_END.toNanos(), TimeUnit.NANOSECONDS)) {
        kill();
      }
      awaitOutput();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /// Waits for the last line; a child that holds the pipe open is not waited for.
  private void awaitOutput() throws InterruptedException {
    long left = TO_END.toNanos();
    lock.lock();
    try {
      while (!ended && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private void collect() {
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      String line = reader.readLine();
      while (line != null) {
        add(line);
        line = reader.readLine();
      }
    } catch (IOException e) {
      add("(output lost: " + e.getMessage() + ")");
    } finally {
      end();
    }
  }

  private void add(String line) {
    lock.lock();
    try {
      if (lines.size() < MOST_LINES) {
        lines.add(line);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private String tail() {
    return lines.isEmpty()
        ? " (it has written nothing)"
        : "\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
  }
}
