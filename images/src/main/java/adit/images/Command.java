package adit.images;

import adit.linux.topology.Completed;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Another program, run to its end.
final class Command {
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private Command() {}

  /// Runs it.
  ///
  /// @return what it wrote, both streams
  /// @throws IOException it could not be started, failed, or was killed after five minutes; the
  ///   message has the command and what it wrote
  static String run(List<String> words) throws IOException {
    // Messages are parsed.
    List<String> all = new ArrayList<>(List.of("env", "LC_ALL=C"));
    all.addAll(words);
    Completed completed = new adit.linux.topology.Command(all, "", LONGEST).run();
    String said = completed.out() + completed.err();
    if (completed.exit() != 0) {
      throw new IOException(
          String.join(" ", words) + ": exit " + completed.exit() + ": " + said.strip());
    }
    return said;
  }
}
