package adit.cli.local.run;

import adit.source.object.Container;
import java.util.concurrent.TimeUnit;

/// One probe of one process over time: counts successes and failures in a row and says when the
/// verdict changes. Used on the supervisor's loop.
final class ProbeSeries {
  private final Container.Probe probe;
  private final Gate gate;
  private final Verdict verdict;
  private int successes;
  private int failures;
  private boolean good;
  private boolean asking;
  private long nextAt = Long.MIN_VALUE;

  /// Whether the probe is asked at all now.
  @FunctionalInterface
  interface Gate {
    boolean open();
  }

  /// Told when enough attempts in a row had the same outcome.
  @FunctionalInterface
  interface Verdict {
    void changed(boolean good);
  }

  ProbeSeries(Container.Probe probe, Gate gate, Verdict verdict) {
    this.probe = probe;
    this.gate = gate;
    this.verdict = verdict;
  }

  /// One attempt, unless one is on its way or it is too early. Before the first success attempts
  /// may come more often than the period says.
  void attempt(Supervised.Machine machine, ProbePlace place) {
    long now = System.nanoTime();
    if (asking || !gate.open() || (nextAt != Long.MIN_VALUE && now - nextAt < 0)) {
      return;
    }
    asking = true;
    var _ =
        machine
            .prober()
            .probe(probe, place)
            .thenAcceptAsync(outcome -> count(outcome, now), machine.loop());
  }

  private void count(Prober.Outcome outcome, long askedAt) {
    asking = false;
    if (outcome.good()) {
      nextAt = askedAt + TimeUnit.SECONDS.toNanos(Math.max(1, probe.periodSeconds()));
      failures = 0;
      successes++;
      if (!good && successes >= Math.max(1, probe.successThreshold())) {
        good = true;
        verdict.changed(true);
      }
      return;
    }
    // Before the first success nothing is taken away, so asking again soon costs nothing.
    nextAt =
        good || successes > 0
            ? askedAt + TimeUnit.SECONDS.toNanos(Math.max(1, probe.periodSeconds()))
            : Long.MIN_VALUE;
    successes = 0;
    failures++;
    if (good && failures >= Math.max(1, probe.failureThreshold())) {
      good = false;
      verdict.changed(false);
    }
  }
}
