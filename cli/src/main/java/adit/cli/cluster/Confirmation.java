package adit.cli.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import picocli.CommandLine.Option;

/// Asks before something is changed.
final class Confirmation {
  @Option(
      names = {"-y", "--skip-confirmation"},
      description = "do not ask")
  private boolean skip;

  /// Whether to go on. Where nobody answers, the answer is no.
  boolean given(PrintWriter out, String what) throws IOException {
    if (skip) {
      return true;
    }
    out.print(what + " Proceed? (y/N) ");
    out.flush();
    String answer =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    if (answer == null) {
      out.println("\nNobody answers here: use -y.");
      return false;
    }
    return answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
  }
}
