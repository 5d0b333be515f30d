package adit.cli.demo;

import adit.cli.demo.stage.Stage;
import adit.cli.demo.step.AllowWeb;
import adit.cli.demo.step.DenyAll;
import adit.cli.demo.step.DenyDelete;
import adit.cli.demo.step.Enrolment;
import adit.cli.demo.step.Findings;
import adit.cli.demo.step.Identities;
import adit.cli.demo.step.Plaintext;
import adit.cli.demo.step.ProxyKilled;
import adit.cli.demo.step.Scaling;
import adit.cli.demo.step.Split;
import adit.cli.demo.step.Step;
import adit.cli.demo.step.Strict;
import adit.cli.demo.step.WaypointApplied;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The order of the steps.
final class Story {
  private static final double NANOS_PER_SECOND = 1e9;

  private final List<StepRecord> records = new ArrayList<>();
  private final Consumer<StepRecord> told;

  Story(Consumer<StepRecord> told) {
    this.told = told;
  }

  /// Runs all steps; one that fails does not end the story.
  List<StepRecord> run(Stage stage) throws InterruptedException {
    List<Step> steps =
        List.of(
            new Plaintext(),
            new Enrolment(),
            new Identities(),
            new Strict(),
            new DenyAll(),
            new AllowWeb(),
            new Scaling(),
            new ProxyKilled(),
            new WaypointApplied(),
            new Split(),
            new DenyDelete());
    for (Step step : steps) {
      run(step.title(), findings -> step.run(stage, findings));
    }
    return List.copyOf(records);
  }

  /// Part of a step.
  @FunctionalInterface
  interface Act {
    void run(Findings findings) throws IOException, InterruptedException;
  }

  /// Runs one step and tells what came out.
  ///
  /// @return whether it held
  boolean run(String title, Act act) throws InterruptedException {
    Findings findings = new Findings();
    long start = System.nanoTime();
    try {
      act.run(findings);
    } catch (IOException | RuntimeException e) {
      findings.check(false, "the step could not be finished: " + e);
    }
    boolean held =
        !findings.measured().isEmpty()
            && findings.measured().stream().allMatch(Findings.Finding::held);
    StepRecord record =
        new StepRecord(
            records.size() + 1,
            title,
            held,
            Math.round((System.nanoTime() - start) / NANOS_PER_SECOND * 10) / 10.0,
            findings.done(),
            findings.measured());
    records.add(record);
    told.accept(record);
    return held;
  }

  List<StepRecord> records() {
    return List.copyOf(records);
  }
}
