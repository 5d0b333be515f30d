package adit.cli.demo.stage;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A program that runs in a pod, with what it says.
public final class PodProgram {
  private static final Duration LONGEST_END = Duration.ofSeconds(40);
  private static final int MOST_LINES = 10_000;

  private final String what;
  private final Process process;
  private final List<String> lines = new ArrayList<>();
  private final CountDownLatch said = new CountDownLatch(1);
  private final Thread reader;

  PodProgram(String what, ProcessBuilder builder) throws IOException {
    this.what = what;
    this.process = builder.redirectErrorStream(true).start();
    this.reader = Thread.ofPlatform().daemon().name("output").start(this::read);
  }

  /// Waits until it has said something: it runs.
  public PodProgram running() throws IOException, InterruptedException {
    if (!said.await(LONGEST_END.toSeconds(), TimeUnit.SECONDS)) {
      throw new IOException(what + ": says nothing");
    }
    return this;
  }

  /// Sends SIGTERM and waits for the end.
  ///
  /// @return its last line
  public String stop() throws IOException, InterruptedException {
    // Not Process.destroy, which also closes the pipe that the last line comes through.
    process.toHandle().destroy();
    return end();
  }

  /// Waits for the end.
  ///
  /// @return its last line
  public String end() throws IOException, InterruptedException {
    if (!process.waitFor(LONGEST_END.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(what + ": does not end");
    }
    reader.join(LONGEST_END.toMillis());
    synchronized (lines) {
      return lines.isEmpty() ? "" : lines.getLast();
    }
  }

  /// What it has said so far, line by line.
  public List<String> said() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /// The exit code after the end.
  public int exit() {
    return process.exitValue();
  }

  /// Whether it runs.
  public boolean alive() {
    return process.isAlive();
  }

  private void read() {
    try (BufferedReader output = process.inputReader()) {
      String line = output.readLine();
      while (line != null) {
        synchronized (lines) {
          if (lines.size() < MOST_LINES) {
            lines.add(line);
          }
        }
        said.countDown();
        line = output.readLine();
      }
    } catch (IOException e) {
      // Its end closes the pipe; what it said until then is there.
      return;
    } finally {
      said.countDown();
    }
  }
}
