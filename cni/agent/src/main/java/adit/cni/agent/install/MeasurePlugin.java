package adit.cni.agent.install;

import adit.telemetry.WritesToStandardOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Measures ADD as a container runtime sees it: from starting the plugin's file until it has ended,
/// with an agent that answers at once. Prints `ADD of PATH: 100 runs, p50 40.1 ms, p90 ..., p99
/// ..., max ...`.
public final class MeasurePlugin {
  private static final int WARM_UP = 3;

  private MeasurePlugin() {}

  /// Measures.
  ///
  /// @param arguments path of the plugin, and how many runs (100)
  @WritesToStandardOutput("a command that prints what it measured")
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 1 || arguments.length > 2) {
      System.err.println("usage: MeasurePlugin PLUGIN [RUNS]");
      System.exit(2);
    }
    int runs = arguments.length == 2 ? Integer.parseInt(arguments[1]) : 100;
    System.out.println(measure(Path.of(arguments[0]), runs));
  }

  private static String measure(Path plugin, int runs) throws IOException {
    long[] nanos = new long[runs];
    try (SampleAgent agent = SampleAgent.start()) {
      Program add =
          new Program(List.of(plugin.toString()), SampleAgent.environment(), agent.configuration());
      for (int i = -WARM_UP; i < runs; i++) {
        long start = System.nanoTime();
        String out = add.run();
        if (i >= 0) {
          nanos[i] = System.nanoTime() - start;
        }
        if (!out.startsWith("{\"cniVersion\":\"1.0.0\",\"interfaces\"")) {
          throw new IOException("result: " + out + " (expected: that of the plugins before)");
        }
      }
    }
    Arrays.sort(nanos);
    return String.format(
        Locale.ROOT,
        "ADD of %s: %d runs, p50 %s, p90 %s, p99 %s, max %s",
        plugin,
        runs,
        at(nanos, 0.50),
        at(nanos, 0.90),
        at(nanos, 0.99),
        at(nanos, 1));
  }

  private static String at(long[] sorted, double quantile) {
    int index = (int) Math.ceil(quantile * sorted.length) - 1;
    double millis = sorted[Math.max(0, index)] / (double) TimeUnit.MILLISECONDS.toNanos(1);
    return String.format(Locale.ROOT, "%.1f ms", millis);
  }
}
