package adit.e2e;

import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Programs on this machine, as a user starts them.
///
/// @param home the tree with `./adit`
record UsersCommand(Path home) {
  /// An installation waits five minutes for each of three components.
  private static final Duration LONGEST = Duration.ofMinutes(20);

  /// Runs `./adit` and gives what it printed to standard output.
  ///
  /// @throws JourneyFailed its exit code is another than 0
  /// @throws IOException it was killed because it did not end
  String adit(String... words) throws IOException, JourneyFailed {
    List<String> command = new ArrayList<>(List.of(home.resolve("adit").toString()));
    command.addAll(List.of(words));
    return run(command);
  }

  /// Runs a command line of the user's own, with one more word.
  String shell(String line, String word) throws IOException, JourneyFailed {
    return run(List.of("/bin/sh", "-c", line + " \"$0\"", word));
  }

  /// Runs a program of the user's.
  String run(String... words) throws IOException, JourneyFailed {
    return run(List.of(words));
  }

  /// Whether there is such a program.
  boolean has(String program) throws IOException {
    return new Command(List.of("/bin/sh", "-c", "command -v \"$0\"", program), "", LONGEST)
            .run()
            .exit()
        == 0;
  }

  private static String run(List<String> words) throws IOException, JourneyFailed {
    // It was built before this started.
    List<String> all = new ArrayList<>(List.of("env", "ADIT_NO_BUILD=1"));
    all.addAll(words);
    Completed completed = new Command(all, "", LONGEST).run();
    if (completed.exit() != 0) {
      String said = (completed.out() + completed.err()).strip();
      throw new JourneyFailed(String.join(" ", words) + ": exit " + completed.exit() + ": " + said);
    }
    return completed.out().strip();
  }
}
