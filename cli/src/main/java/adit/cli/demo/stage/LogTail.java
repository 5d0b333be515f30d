package adit.cli.demo.stage;

import adit.cli.local.run.Polling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The lines that a program writes to its log after this was opened.
public final class LogTail {
  private final Path file;
  private final long from;

  /// From now on.
  public LogTail(Path file) throws IOException {
    this.file = file;
    this.from = Files.exists(file) ? Files.size(file) : 0;
  }

  /// The lines that fit, waiting until there is one.
  ///
  /// @return none, if there was none within `longest`
  public List<String> await(Predicate<String> fits, Duration longest) throws IOException {
    List<String> found = new ArrayList<>();
    Polling.until(
        longest,
        () -> {
          found.clear();
          lines().stream().filter(fits).forEach(found::add);
          return !found.isEmpty();
        });
    return found;
  }

  private List<String> lines() throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    byte[] all = Files.readAllBytes(file);
    int start = (int) Math.min(from, all.length);
    return new String(all, start, all.length - start, StandardCharsets.UTF_8).lines().toList();
  }
}
