package adit.ztunnel.app;

import adit.telemetry.LogOutput;

final class Warmup {
  enum Effort {
    TRAINING,
    START
  }

  private Warmup() {}

  static boolean run(LogOutput output, Effort effort) {
    return output != null && effort != null;
  }
}
