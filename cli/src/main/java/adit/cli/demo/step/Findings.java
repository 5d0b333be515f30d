package adit.cli.demo.step;

import java.util.ArrayList;
import java.util.List;

/// What a step did and measured. Used by one thread.
public final class Findings {
  private final List<String> done = new ArrayList<>();
  private final List<Finding> measured = new ArrayList<>();

  /// One measurement.
  ///
  /// @param held whether it is as it must be
  /// @param text what was measured
  public record Finding(boolean held, String text) {}

  /// Says what was done.
  public void did(String text) {
    done.add(text);
  }

  /// Says what was done, line by line.
  public void did(List<String> lines) {
    done.addAll(lines);
  }

  /// Says what was measured, and whether that is as it must be.
  public void check(boolean held, String text) {
    measured.add(new Finding(held, text));
  }

  /// Shows something that explains a measurement.
  public void show(String text) {
    measured.add(new Finding(true, text));
  }

  /// What was done.
  public List<String> done() {
    return List.copyOf(done);
  }

  /// What was measured.
  public List<Finding> measured() {
    return List.copyOf(measured);
  }
}
