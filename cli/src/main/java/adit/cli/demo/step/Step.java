package adit.cli.demo.step;

import adit.cli.demo.stage.Stage;
import java.io.IOException;

/// One step of the story.
public interface Step {
  /// What the step shows, as a sentence.
  String title();

  /// Does it and measures.
  ///
  /// @throws IOException something that has to work for the measurement itself did not
  void run(Stage stage, Findings findings) throws IOException, InterruptedException;
}
