package adit.cli.local.run;

import adit.source.object.Container;
import adit.telemetry.Log;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A process that is started again when it ends, and asked how it is: a container, or one of the
/// mesh's programs. All methods are called on the supervisor's loop.
public final class Supervised {
  private static final Duration RESET_AFTER = Duration.ofSeconds(10);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

  private final Plan plan;
  private final Machine machine;
  private final Runnable changed;
  private @Nullable Process process;
  private long startedAt;
  private int restarts;
  private int quickEnds;
  private boolean ready;
  private boolean live;
  private boolean stopping;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private List<ScheduledFuture<?>> probing = List.of();

  /// What to run.
  ///
  /// @param name for messages
  /// @param launch the process
  /// @param log file for its output
  /// @param probes how it is asked
  /// @param place where probes go
  /// @param firstBackoff before it is started again; doubles while it keeps ending quickly
  public record Plan(
      String name,
      Launch launch,
      Path log,
      Container.Probes probes,
      ProbePlace place,
      Duration firstBackoff) {}

  /// What it is run with.
  ///
  /// @param launcher starts processes
  /// @param prober sends probes
  /// @param loop the supervisor's only thread
  /// @param log the supervisor's log
  public record Machine(Launcher launcher, Prober prober, ScheduledExecutorService loop, Log log) {}

  /// Not started yet.
  ///
  /// @param changed called on the loop when readiness, restarts or process id have changed
  public Supervised(Plan plan, Machine machine, Runnable changed) {
    this.plan = plan;
    this.machine = machine;
    this.changed = changed;
  }

  /// Starts the process.
  public void start() {
    if (stopping) {
      return;
    }
    try {
      Process started = machine.launcher().start(plan.launch(), plan.log());
      process = started;
      startedAt = System.nanoTime();
      var _ = started.onExit().thenAcceptAsync(p -> exited(p.exitValue()), machine.loop());
      live = plan.probes().startup() == null;
      ready = live && plan.probes().readiness() == null;
      probing = probes();
      changed.run();
    } catch (IOException e) {
      machine.log().error("cannot start", "process", plan.name(), "error", e);
      again();
    }
  }

  /// Ends the process: SIGTERM, SIGKILL after `grace`. The future ends, on the loop, when it has.
  public CompletableFuture<Void> stop(Duration grace) {
    stopping = true;
    Process running = process;
    if (running == null || !running.isAlive()) {
      ended.complete(null);
      return ended;
    }
    terminate(running, grace);
    return ended;
  }

  /// Ends the process so that it is started again.
  public void restart(Duration grace) {
    Process running = process;
    if (running != null) {
      terminate(running, grace);
    }
  }

  /// Whether it answers as it should.
  public boolean ready() {
    return ready;
  }

  /// How often it was started again.
  public int restarts() {
    return restarts;
  }

  /// Its process id, 0 while it does not run.
  public long pid() {
    Process running = process;
    return running != null && running.isAlive() ? running.pid() : 0;
  }

  /// What it is called.
  public String name() {
    return plan.name();
  }

  private void terminate(Process running, Duration grace) {
    running.destroy();
    var _ =
        machine.loop().schedule(running::destroyForcibly, grace.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void exited(int code) {
    probing.forEach(probe -> probe.cancel(false));
    ready = false;
    live = false;
    if (stopping) {
      ended.complete(null);
    } else {
      Duration lived = Duration.ofNanos(System.nanoTime() - startedAt);
      quickEnds = lived.compareTo(RESET_AFTER) > 0 ? 0 : quickEnds;
      machine
          .log()
          .warn(
              "process ended",
              "process",
              plan.name(),
              "exit",
              code,
              "lived_ms",
              lived.toMillis(),
              "log",
              plan.log().toString());
      again();
    }
    changed.run();
  }

  private void again() {
    restarts++;
    long millis = plan.firstBackoff().toMillis() << Math.min(quickEnds, 16);
    quickEnds++;
    var _ =
        machine
            .loop()
            .schedule(
                this::start, Math.min(millis, LONGEST_BACKOFF.toMillis()), TimeUnit.MILLISECONDS);
  }

  private List<ScheduledFuture<?>> probes() {
    List<ScheduledFuture<?>> all = new ArrayList<>();
    Container.Probes probes = plan.probes();
    add(all, probes.startup(), good -> live = good || live, () -> !live);
    add(all, probes.readiness(), good -> ready = good, () -> live);
    add(all, probes.liveness(), this::liveness, () -> live);
    return List.copyOf(all);
  }

  private void add(
      List<ScheduledFuture<?>> all,
      Container.@Nullable Probe probe,
      ProbeSeries.Verdict verdict,
      ProbeSeries.Gate gate) {
    if (probe != null) {
      ProbeSeries series =
          new ProbeSeries(
              probe,
              gate,
              good -> {
                verdict.changed(good);
                changed.run();
              });
      long millis = TimeUnit.SECONDS.toMillis(Math.max(1, probe.periodSeconds()));
      // A kubelet's first attempt comes within the first period, too; early ones make a small mesh
      // ready sooner.
      all.add(
          machine
              .loop()
              .scheduleAtFixedRate(
                  () -> series.attempt(machine, plan.place()),
                  TimeUnit.SECONDS.toMillis(probe.initialDelaySeconds()) + 100,
                  ready ? millis : Math.min(millis, 250),
                  TimeUnit.MILLISECONDS));
    }
  }

  private void liveness(boolean good) {
    if (!good) {
      machine.log().warn("liveness probe failed, restarting", "process", plan.name());
      restart(Duration.ofSeconds(10));
    }
  }
}
