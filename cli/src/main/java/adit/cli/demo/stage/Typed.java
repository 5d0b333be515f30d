package adit.cli.demo.stage;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/// A command of Adit as the user types it, and what it said.
///
/// @param words after `adit`
/// @param exit its exit code
/// @param lines on both outputs
public record Typed(List<String> words, int exit, List<String> lines) {
  /// Copies the lists.
  public Typed {
    words = List.copyOf(words);
    lines = List.copyOf(lines);
  }

  /// Runs it in this process.
  ///
  /// @param command the first word's
  static Typed run(String name, Object command, List<String> words) {
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said, true);
    CommandLine line = new CommandLine(command).setOut(out).setErr(out);
    line.setExecutionExceptionHandler((failure, _, _) -> {
      boolean ours = failure instanceof IOException && failure.getMessage() != null;
      out.println("adit: " + (ours ? failure.getMessage() : failure));
      return 1;
    });
    int exit = line.execute(words.toArray(String[]::new));
    List<String> typed = new ArrayList<>(List.of(name));
    typed.addAll(words);
    return new Typed(typed, exit, said.toString().lines().toList());
  }

  /// What was typed.
  public String command() {
    return "adit " + String.join(" ", words);
  }
}
