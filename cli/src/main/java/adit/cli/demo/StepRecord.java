package adit.cli.demo;

import adit.cli.demo.step.Findings;
import java.util.List;

/// What is known of one step after it.
///
/// @param number from 1
/// @param title what it shows
/// @param held whether everything that was measured is as it must be
/// @param seconds how long it took
/// @param done what was done
/// @param measured what was measured
public record StepRecord(
    int number,
    String title,
    boolean held,
    double seconds,
    List<String> done,
    List<Findings.Finding> measured) {
  /// Copies the lists.
  public StepRecord {
    done = List.copyOf(done);
    measured = List.copyOf(measured);
  }
}
