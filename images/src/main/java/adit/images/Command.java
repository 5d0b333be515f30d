package adit.images;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Another program, run to its end.
final class Command {
  private Command() {}

  /// Runs it.
  ///
  /// @return what it wrote, both streams
  /// @throws IOException it could not be started or failed; the message has what it wrote
  static String run(List<String> words) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    // Messages are parsed.
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      int exit = process.waitFor();
      if (exit != 0) {
        throw new IOException(String.join(" ", words) + ": exit " + exit + ": " + said.strip());
      }
      return said;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException(words.getFirst() + ": interrupted").initCause(e);
    }
  }
}
