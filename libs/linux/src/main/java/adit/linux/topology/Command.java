package adit.linux.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.linux.Netns;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A program of the system to be run to its end: `ip`, `nft`.
///
/// @param words program and arguments
/// @param input what it reads from standard input
/// @param timeout after which it is killed
public record Command(List<String> words, String input, Duration timeout) {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int MOST_OUTPUT = 16 << 20;

  /// Copies the words.
  public Command {
    words = List.copyOf(words);
  }

  /// A command without input that may take 30 seconds.
  public static Command of(String... words) {
    return new Command(List.of(words), "", TIMEOUT);
  }

  /// The same command with `input` on its standard input.
  public Command reading(String input) {
    return new Command(words, input, timeout);
  }

  /// The same command with another time limit.
  public Command within(Duration timeout) {
    return new Command(words, input, timeout);
  }

  /// The same command inside a network namespace, everything else unchanged. (The descriptor is
  /// opened by `nsenter` through `/proc`: starting a process on a thread that has entered the
  /// namespace would leave the JVM's own helper threads there.)
  public Command in(Netns netns) {
    return in(netns.path().toString());
  }

  /// As [#in(Netns)].
  public Command in(NamedNetns netns) {
    return in(netns.path().toString());
  }

  private Command in(String path) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + path, "--"));
    all.addAll(words);
    return new Command(all, input, timeout);
  }

  /// Runs it; blocks the calling thread.
  ///
  /// @throws IOException it cannot be started, or took longer than the timeout
  public Completed run() throws IOException {
    Process process = new ProcessBuilder(words).start();
    try {
      CompletableFuture<String> out = reading(process.getInputStream());
      CompletableFuture<String> err = reading(process.getErrorStream());
      write(process.getOutputStream());
      if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IOException(this + ": not finished within " + timeout.toMillis() + " ms");
      }
      return new Completed(process.exitValue(), out.join(), err.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException(this + ": interrupted").initCause(e);
    } finally {
      process.destroyForcibly();
    }
  }

  /// Runs it and returns what it wrote to standard output.
  ///
  /// @throws CommandFailed its exit code was not 0
  public String output() throws IOException {
    return run().orThrow(toString()).out();
  }

  @Override
  public String toString() {
    return String.join(" ", words);
  }

  private void write(OutputStream to) throws IOException {
    try (to) {
      to.write(input.getBytes(UTF_8));
    } catch (IOException e) {
      // A program that ends without reading its input says why on standard error.
      if (!"Broken pipe".equals(e.getMessage())) {
        throw e;
      }
    }
  }

  private static CompletableFuture<String> reading(InputStream from) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try (from) {
            text.complete(new String(from.readNBytes(MOST_OUTPUT), UTF_8));
          } catch (IOException e) {
            text.completeExceptionally(new UncheckedIOException(e));
          }
        });
    return text;
  }
}
