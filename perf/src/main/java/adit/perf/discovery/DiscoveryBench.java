package adit.perf.discovery;

import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import adit.perf.measure.Machine;
import adit.perf.measure.Opened;
import adit.telemetry.WritesToStandardOutput;
import adit.testkit.kube.ApiServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/// The control plane's program over a simulated cluster: time to the first full push, memory, and
/// how long a change of a pod takes from the API server to a proxy.
///
/// `./adit bench discovery [--pods N] [--services N] [--proxies N] [--rate N] [--warm N] [--seconds
/// N]`. The API server, the proxies and the control plane share the machine; the control plane's
/// ports must be free.
public final class DiscoveryBench {
  private static final Duration LONGEST_START = Duration.ofMinutes(5);
  private static final String LOG = "istiod.log";
  private static final Duration TOOL = Duration.ofSeconds(60);

  private final Map<String, Integer> options;
  private final Map<String, Long> waiting = new ConcurrentHashMap<>();
  private final Histogram nanos = new Histogram(3);
  private int changed;

  private DiscoveryBench(Map<String, Integer> options) {
    this.options = options;
  }

  @WritesToStandardOutput("its output is the result")
  private static void say(String line) {
    System.out.println(line);
  }

  public static void main(String[] args) throws Exception {
    Map<String, Integer> options = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i], Integer.parseInt(args[i + 1]));
    }
    new DiscoveryBench(options).run();
  }

  private int option(String name, int absent) {
    return options.getOrDefault(name, absent);
  }

  private void run() throws Exception {
    int pods = option("--pods", 10_000);
    int services = option("--services", 1_000);
    int proxies = option("--proxies", 10);
    try (Opened opened = Opened.nothing()) {
      ApiServer server = opened.add(new ApiServer());
      SimulatedCluster cluster = new SimulatedCluster(server, pods, services);
      say("cluster: " + pods + " pods, " + services + " services; proxies: " + proxies);
      Path config =
          Files.writeString(opened.directory().resolve("kubeconfig"), server.kubeconfig());
      long begun = System.nanoTime();
      Process istiod = istiod(config, opened);
      connect(proxies, pods + services, opened);
      say(
          "start to first full push at all proxies: "
              + seconds(System.nanoTime() - begun)
              + " s, CPU "
              + cpuSeconds(istiod)
              + " s; "
              + Machine.load());
      say("after the first push: " + memory(istiod));
      double before = cpuSeconds(istiod);
      changes("the first", option("--warm", 10), cluster, pods, services);
      changes("the next", option("--seconds", 20), cluster, pods, services);
      say("CPU during the changes: " + (cpuSeconds(istiod) - before) + " s");
      say("after the changes: " + memory(istiod));
    }
  }

  /// Its log is shown if it does not come up.
  private static Process istiod(Path kubeconfig, Opened opened) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getenv("ADIT_HOME"), "adit").toString(), "run", "istiod", "discovery");
    builder.environment().put("ADIT_NO_BUILD", "1");
    builder.environment().put("KUBECONFIG", kubeconfig.toString());
    builder.environment().put("ROOT_CA_DIR", opened.directory().resolve("none").toString());
    File log = opened.directory().resolve(LOG).toFile();
    Process istiod = builder.redirectErrorStream(true).redirectOutput(log).start();
    var _ = opened.add(() -> end(istiod));
    return istiod;
  }

  private static void end(Process istiod) throws InterruptedException {
    istiod.destroy();
    if (!istiod.waitFor(10, TimeUnit.SECONDS)) {
      istiod.destroyForcibly();
    }
  }

  /// Waits until all proxies have everything.
  private void connect(int proxies, int resources, Opened opened)
      throws IOException, InterruptedException {
    CountDownLatch full = new CountDownLatch(proxies);
    for (int i = 0; i < proxies; i++) {
      boolean first = i == 0;
      var _ =
          opened.add(
              new Watcher(
                  i,
                  names -> {
                    if (names.size() >= resources) {
                      full.countDown();
                    } else if (first) {
                      arrived(names);
                    }
                  }));
    }
    if (!full.await(LONGEST_START.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException(
          "no full push within "
              + LONGEST_START
              + ":\n"
              + Files.readString(opened.directory().resolve(LOG)));
    }
  }

  private void arrived(List<String> names) {
    long now = System.nanoTime();
    for (String name : names) {
      Long begun = waiting.remove(name);
      if (begun != null) {
        nanos.recordValue(now - begun);
      }
    }
  }

  /// @param which seconds these are: a control plane that has just started is slower
  private void changes(String which, int span, SimulatedCluster cluster, int pods, int services)
      throws InterruptedException {
    int rate = option("--rate", 100);
    int count = rate * span;
    nanos.reset();
    long begun = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long due = begun + i * 1_000_000_000L / rate;
      while (System.nanoTime() < due) {
        LockSupport.parkNanos(due - System.nanoTime());
      }
      int pod = changed % pods;
      waiting.put(SimulatedCluster.workload(pod, services), System.nanoTime());
      cluster.pod(pod, /* ready= */ (changed / pods) % 2 == 1);
      changed++;
    }
    long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!waiting.isEmpty() && System.nanoTime() < last) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    say(
        String.format(
            Locale.ROOT,
            "change of a pod to a proxy at %d/s, %s %d s: p50 %.0f ms, p99 %.0f ms, longest %.0f ms, lost %d",
            rate,
            which,
            span,
            nanos.getValueAtPercentile(50) / 1e6,
            nanos.getValueAtPercentile(99) / 1e6,
            nanos.getMaxValue() / 1e6,
            waiting.size()));
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.1f", nanos / 1e9);
  }

  /// The heap after a collection, and what the kernel counts.
  private static String memory(Process process) throws IOException {
    String pid = String.valueOf(process.pid());
    run("jcmd", pid, "GC.run");
    String heap =
        run("jcmd", pid, "GC.heap_info")
            .lines()
            .filter(line -> line.contains(" used "))
            .map(String::strip)
            .reduce("", (one, other) -> one.isEmpty() ? other : one + "; " + other);
    String resident =
        Files.readString(Path.of("/proc", pid, "status"))
            .lines()
            .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
            .map(line -> line.replaceAll("\\s+", " "))
            .reduce("", (one, other) -> one.isEmpty() ? other : one + ", " + other);
    return resident + "; " + heap;
  }

  private static String run(String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of(command));
    words.set(0, Path.of(System.getProperty("java.home"), "bin", command[0]).toString());
    Completed completed = new Command(words, "", TOOL).run();
    return completed.out() + completed.err();
  }

  private static double cpuSeconds(Process process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3;
  }
}
