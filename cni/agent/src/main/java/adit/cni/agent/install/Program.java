package adit.cni.agent.install;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A program with an environment of its own and nothing inherited, as a container runtime starts a
/// plugin.
///
/// @param words program and arguments
/// @param environment all of it
/// @param input standard input
record Program(List<String> words, Map<String, String> environment, String input) {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /// Runs it to its end.
  ///
  /// @return what it wrote to standard output
  /// @throws IOException it failed; the message has what it wrote
  String run() throws IOException {
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    StringBuilder err = new StringBuilder();
    Thread reader = Thread.ofVirtual().start(() -> err.append(read(process.getErrorStream())));
    String out = read(process.getInputStream());
    try {
      reader.join();
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException(
            words.getFirst() + ": not finished within " + LIMIT.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException(words.getFirst() + ": interrupted").initCause(e);
    } finally {
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw new IOException(
          String.join(" ", words) + ": exit " + process.exitValue() + ": " + out + err);
    }
    return out;
  }

  private static String read(InputStream stream) {
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
