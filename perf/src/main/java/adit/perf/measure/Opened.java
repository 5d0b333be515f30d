package adit.perf.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a benchmark has opened: closed in the opposite order, and then the directory with its files
/// is deleted; also when the benchmark is interrupted. Any thread.
public final class Opened implements AutoCloseable {
  private final Path directory;
  private final List<AutoCloseable> all = new ArrayList<>();
  private final Thread atTheEnd = Thread.ofPlatform().unstarted(this::closeInterrupted);
  private boolean closed;

  private Opened(Path directory) {
    this.directory = directory;
    Runtime.getRuntime().addShutdownHook(atTheEnd);
  }

  /// Nothing yet, with a new directory.
  public static Opened nothing() throws IOException {
    return new Opened(Files.createTempDirectory("adit-perf-"));
  }

  /// Takes over one.
  public synchronized <T extends AutoCloseable> T add(T one) {
    all.add(one);
    return one;
  }

  /// For files.
  public Path directory() {
    return directory;
  }

  /// Closes all, also what follows something that cannot be closed.
  @Override
  public void close() throws IOException {
    try {
      closeAll();
    } finally {
      try {
        var _ = Runtime.getRuntime().removeShutdownHook(atTheEnd);
      } catch (IllegalStateException _) {
        // The end has begun, and the hook found everything closed, or is what closes it.
      }
    }
  }

  private synchronized void closeAll() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    IOException failed = null;
    for (AutoCloseable one : all.reversed()) {
      try {
        one.close();
      } catch (Exception e) {
        failed = new IOException("close: " + one, failed == null ? e : failed);
      }
    }
    deleteFiles();
    if (failed != null) {
      throw failed;
    }
  }

  private void deleteFiles() throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /// Nobody is left to be told of what fails.
  private void closeInterrupted() {
    try {
      closeAll();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
