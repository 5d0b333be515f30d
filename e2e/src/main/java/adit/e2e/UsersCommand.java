package adit.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Programs on this machine, as a user starts them.
///
/// @param home the tree with `./adit`
record UsersCommand(Path home) {
  /// Runs `./adit` and gives what it printed.
  ///
  /// @throws JourneyFailed its exit code is another than 0
  String adit(String... words) throws IOException, InterruptedException, JourneyFailed {
    List<String> command = new ArrayList<>(List.of(home.resolve("adit").toString()));
    command.addAll(List.of(words));
    return run(command);
  }

  /// Runs a command line of the user's own, with one more word.
  String shell(String line, String word) throws IOException, InterruptedException, JourneyFailed {
    return run(List.of("/bin/sh", "-c", line + " \"$0\"", word));
  }

  private String run(List<String> command) throws IOException, InterruptedException, JourneyFailed {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    // It was built before this started.
    builder.environment().put("ADIT_NO_BUILD", "1");
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new JourneyFailed(String.join(" ", command) + ": exit " + exit + ": " + out.strip());
    }
    return out.strip();
  }
}
