package adit.istiod.app;

import adit.source.SourceEnvironment;
import adit.telemetry.Log;
import adit.telemetry.LogOutput;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// The control plane's program: `istiod discovery`. Runs in the foreground until SIGTERM.
public final class Istiod {
  private Istiod() {}

  /// @param args `discovery`, as the reference is called; flags that are not known are said and
  ///   ignored. Ours: `train` is the run from which the AOT archive is made
  public static void main(String[] args) throws InterruptedException {
    Map<String, String> env = System.getenv();
    LogOutput output = LogOutput.start(env);
    Log log = output.scope("istiod");
    List<String> words = Arrays.asList(args);
    if (words.equals(List.of("train"))) {
      boolean complete = Training.run(log, TrainingApiServer.Size.USUAL);
      output.close();
      System.exit(complete ? 0 : 1);
    }
    words.stream()
        .filter(word -> !word.equals("discovery"))
        .forEach(word -> log.warn("argument ignored", "argument", word));
    ControlPlane plane;
    try {
      // Before anything is opened: a typing mistake is said at once.
      IstiodConfig config = IstiodConfig.of(env);
      SourceEnvironment environment =
          new SourceEnvironment(
              env, Clock.systemUTC(), message -> output.scope("source").warn(message));
      plane =
          ControlPlane.start(
              config, ControlPlane.Cluster.of(environment), ControlPlane.Ports.STANDARD, output);
    } catch (Exception e) {
      log.error("cannot start", "error", e);
      output.close();
      System.exit(1);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(() -> {
                  log.info("shutting down");
                  plane.close();
                  output.close();
                  ended.countDown();
                }));
    ended.await();
  }
}
