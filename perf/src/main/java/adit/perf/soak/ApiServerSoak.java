package adit.perf.soak;

import adit.perf.measure.Options;
import adit.telemetry.WritesToStandardOutput;
import adit.testkit.EchoServer;
import adit.testkit.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// The API server is away for long while traffic and pods that start go on: `./adit soak [--away
/// SECONDS]`, ten minutes by default. Prints a line for each thing that must hold, and ends with 1
/// at the first that does not. Needs root.
public final class ApiServerSoak {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofSeconds(10);

  private final ClusterNode cluster;
  private final Consumer<String> told;

  private ApiServerSoak(ClusterNode cluster, Consumer<String> told) {
    this.cluster = cluster;
    this.told = told;
  }

  @WritesToStandardOutput("a command that tells how it went")
  public static void main(String[] arguments) throws Exception {
    Duration away = Duration.ofSeconds(Options.of(arguments).number("--away", 600));
    int exit = 0;
    try {
      run("adit-soak", System.getenv("ADIT_HOME") + "/adit", away, System.out::println);
    } catch (AssertionError e) {
      System.out.println("FAILED: " + e.getMessage());
      exit = 1;
    }
    System.exit(exit);
  }

  /// The whole of it.
  ///
  /// @param name of the lab
  /// @param script the `adit` that starts the programs
  /// @param away for how long the API server is away
  /// @param told a line for each thing that held
  /// @throws AssertionError something did not hold
  static void run(String name, String script, Duration away, Consumer<String> told)
      throws Exception {
    try (ClusterNode cluster = ClusterNode.start(name, script)) {
      new ApiServerSoak(cluster, told).run(away);
    }
  }

  private void run(Duration away) throws Exception {
    SoakPod server = added("server");
    SoakPod client = added("client");
    cluster.schedule("late");
    try (EchoServer _ = server.serve();
        Loop loop = loop(client, server)) {
      told.accept("in the mesh, strict: requests go on, 50/s, a connection each");
      // What the agent hears of after the pod that starts late.
      require(added("first").isCaptured(), "a pod that starts is captured");

      cluster.apiServerGoesAway();
      SoakPod late = cluster.sandbox("late");
      require(late.isCaptured(), "API server away: a pod that the node was given is captured");
      refused("unknown");
      goOn(loop, away);
      cluster.apiServerComesBack();

      recover(late, server);
      require(loop.failed() == 0, "no request failed: " + loop.asked() + " " + loop.failures());
    }
  }

  private SoakPod added(String pod) throws IOException {
    cluster.schedule(pod);
    SoakPod made = cluster.start(pod, SOON);
    cluster.running(made);
    return made;
  }

  private static Loop loop(SoakPod client, SoakPod server) {
    Eventually.holds("requests through the mesh", SOON, () -> client.ask(server).isEmpty());
    return Loop.start(client, server);
  }

  private void refused(String pod) {
    String answer;
    try {
      answer = "captured " + cluster.sandbox(pod).name();
    } catch (IOException e) {
      answer = String.valueOf(e.getMessage());
    }
    require(
        !answer.startsWith("captured"),
        "a pod of the mesh that nobody has heard of does not start: " + answer);
  }

  private void goOn(Loop loop, Duration away) {
    long begun = System.nanoTime();
    long seen = loop.asked();
    while (System.nanoTime() - begun < away.toNanos()) {
      long left = away.toNanos() - (System.nanoTime() - begun);
      long until = System.nanoTime() + Math.min(left, STEP.toNanos());
      while (System.nanoTime() < until) {
        LockSupport.parkNanos(until - System.nanoTime());
      }
      require(loop.failed() == 0, "requests fail: " + loop.failures());
    }
    require(
        loop.asked() > seen,
        String.format(
            Locale.ROOT,
            "API server away for %d s: %d requests, %d failed",
            away.toSeconds(),
            loop.asked() - seen,
            loop.failed()));
  }

  private void recover(SoakPod late, SoakPod server) throws IOException {
    long begun = System.nanoTime();
    cluster.running(late);
    Eventually.holds("the late pod's requests", SOON, () -> late.ask(server).isEmpty());
    say("its pod talks to the mesh", begun);
    SoakPod next = added("next");
    Eventually.holds("a new pod's requests", SOON, () -> next.ask(server).isEmpty());
    say("a new pod is in the mesh", begun);
    cluster.deny("next");
    Eventually.holds("the policy is in force", SOON, () -> !next.ask(server).isEmpty());
    require(late.ask(server).isEmpty(), "others go on");
    say("a policy is in force", begun);
  }

  private void say(String what, long begun) {
    told.accept(
        String.format(
            Locale.ROOT,
            "API server back: %s after %.1f s",
            what,
            (System.nanoTime() - begun) / 1e9));
  }

  private void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
    told.accept(what);
  }
}
