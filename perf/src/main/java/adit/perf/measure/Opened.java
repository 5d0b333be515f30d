package adit.perf.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a benchmark has opened: closed in the opposite order, and then the directory with its files
/// is deleted. For one thread.
public final class Opened implements AutoCloseable {
  private final Path directory;
  private final List<AutoCloseable> all = new ArrayList<>();

  private Opened(Path directory) {
    this.directory = directory;
  }

  /// Nothing yet, with a new directory.
  public static Opened nothing() throws IOException {
    return new Opened(Files.createTempDirectory("adit-perf-"));
  }

  /// Takes over one.
  public <T extends AutoCloseable> T add(T one) {
    all.add(one);
    return one;
  }

  /// For files.
  public Path directory() {
    return directory;
  }

  @Override
  public void close() throws IOException {
    for (AutoCloseable one : all.reversed()) {
      try {
        one.close();
      } catch (Exception e) {
        throw new IOException("close: " + one, e);
      }
    }
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
