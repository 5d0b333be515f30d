package adit.ztunnel.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A [TrainingPlane] beside this process. It ends with this one at the latest.
///
/// @param directory where it writes
record TrainingProcess(Process process, Path directory) implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(20);

  /// Starts it and waits until it serves.
  ///
  /// @param application port of the server's application
  static TrainingProcess start(Path directory, int application)
      throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            java,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            TrainingPlane.class.getName(),
            Integer.toString(application),
            directory.toString());
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    var started = new TrainingProcess(builder.start(), directory);
    long begun = System.nanoTime();
    while (!Files.exists(started.url())) {
      boolean ended = started.process.waitFor(LOOK.toNanos(), TimeUnit.NANOSECONDS);
      if (ended || System.nanoTime() - begun > PATIENCE.toNanos()) {
        started.close();
        throw new IOException("the control plane of the training does not start");
      }
    }
    return started;
  }

  private Path url() {
    return directory.resolve("url");
  }

  String address() throws IOException {
    return Files.readString(url());
  }

  Path roots() {
    return directory.resolve("roots.pem");
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    for (Path file : new Path[] {url(), roots(), directory.resolve("url.new")}) {
      Files.deleteIfExists(file);
    }
  }
}
