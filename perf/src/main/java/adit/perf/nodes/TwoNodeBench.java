package adit.perf.nodes;

import adit.linux.topology.Command;
import adit.perf.measure.Figures;
import adit.perf.measure.Machine;
import adit.perf.measure.Nginx;
import adit.perf.measure.Options;
import adit.perf.measure.ProxyProcess;
import adit.telemetry.WritesToStandardOutput;
import adit.testkit.lab.LabProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A pair of proxies between two pods on two nodes, with capture: what a gigabyte, a request, a
/// connection and a tunnel cost, in CPU time of both proxies.
///
/// `./adit bench nodes [--rounds N] [--seconds N] [--warm SECONDS] [--only WORD] [--peer COMMAND]`.
/// With a peer, any program that takes a ztunnel's environment, both pairs stand at the same time,
/// each is warmed before anything is measured, and rounds alternate; only figures whose name has
/// the word are taken. Needs iperf3, wrk and nginx.
public final class TwoNodeBench {
  private static final String NEW_TUNNEL = "new tunnel for each connection: CPU us";
  // Both names are the reference's: a link for one stream, closed as soon as it is free.
  private static final Map<String, String> UNPOOLED =
      Map.of("POOL_MAX_STREAMS_PER_CONNECTION", "1", "POOL_UNUSED_RELEASE_TIMEOUT", "0s");
  private static final int HTTP = 8082;
  private static final int IPERF = 8083;
  private static final List<String> CLOSE = List.of("-H", "Connection: close");
  private static final Pattern BYTES =
      Pattern.compile("\"sum_received\":\\s*\\{[^}]*?\"bytes\":\\s*(\\d+)");
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");

  private final int seconds;
  private final String only;
  private final Map<String, Figures> results = new LinkedHashMap<>();

  private TwoNodeBench(int seconds, String only) {
    this.seconds = seconds;
    this.only = only;
  }

  @WritesToStandardOutput("its output is the result")
  public static void main(String[] args) throws Exception {
    Options options = Options.of(args);
    TwoNodeBench bench =
        new TwoNodeBench(
            options.number("--seconds", 4),
            Objects.requireNonNullElse(options.textOrNull("--only"), ""));
    List<Bed> beds = new ArrayList<>();
    try {
      for (Map.Entry<String, String> command : options.nodeProxies().entrySet()) {
        for (boolean pooled : List.of(true, false)) {
          if (bench.measures(pooled)) {
            Bed bed = Bed.start(command.getKey(), command.getValue(), pooled);
            beds.add(bed);
            bench.warm(bed, options.number("--warm", 30));
          }
        }
      }
      for (int round = 0; round < options.number("--rounds", 3); round++) {
        for (Bed bed : beds) {
          bench.round(bed);
        }
      }
    } finally {
      for (Bed bed : beds) {
        bed.close();
      }
    }
    System.out.print(Figures.table(bench.results, List.copyOf(options.nodeProxies().keySet())));
  }

  /// A pair with its load's servers.
  private record Bed(
      String name, boolean pooled, ProxyPair pair, LabProcess nginx, LabProcess iperf) {
    static Bed start(String name, String command, boolean pooled)
        throws IOException, InterruptedException {
      ProxyPair pair =
          pooled
              ? ProxyPair.start("perf-" + name, command, Map.of())
              : ProxyPair.start("perf-" + name + "-new", command, UNPOOLED);
      return new Bed(
          name,
          pooled,
          pair,
          pair.server().start(Nginx.command(pair.directory(), Integer.toString(HTTP))),
          pair.server().start("iperf3", "-s", "-p", Integer.toString(IPERF)));
    }

    void close() throws IOException, InterruptedException {
      iperf.kill();
      nginx.kill();
      pair.close();
    }
  }

  @WritesToStandardOutput("progress of long work")
  private static void say(String line) {
    System.out.println(line);
  }

  /// Whether something is wanted of a pair that keeps its tunnels, or of one that does not.
  private boolean measures(boolean pooled) {
    return pooled ? !NEW_TUNNEL.contains(only) || only.isEmpty() : NEW_TUNNEL.contains(only);
  }

  /// Until the compilers have had their time with every path that is measured.
  private void warm(Bed bed, int duration) throws IOException {
    if (!bed.pooled()) {
      wrk(bed.pair(), 16, Math.max(2, duration), CLOSE);
      return;
    }
    int part = Math.max(2, duration / 3);
    double requests = wrk(bed.pair(), 32, part, List.of());
    double connections = wrk(bed.pair(), 16, part, CLOSE);
    double bytes = bulk(bed.pair(), 1, part);
    say(
        String.format(
            Locale.ROOT,
            "%s warmed: %.2f us/request, %.2f us/connection, %.2f s/GB; %s",
            bed.name(),
            requests,
            connections,
            bytes,
            Machine.load()));
  }

  private void round(Bed bed) throws IOException {
    ProxyPair pair = bed.pair();
    String name = bed.name();
    if (!bed.pooled()) {
      figure(name, NEW_TUNNEL, () -> wrk(pair, 16, seconds, CLOSE));
      return;
    }
    figure(name, "bulk, 1 stream: CPU-s/GB", () -> bulk(pair, 1, seconds));
    figure(name, "bulk, 8 streams: CPU-s/GB", () -> bulk(pair, 8, seconds));
    figure(name, "c=32 keep-alive: CPU us/request", () -> wrk(pair, 32, seconds, List.of()));
    figure(name, "new connection, pooled tunnel: CPU us", () -> wrk(pair, 16, seconds, CLOSE));
    for (ProxyProcess proxy : pair.proxies()) {
      say(name + " after load: " + proxy.memory());
    }
  }

  private void figure(String name, String metric, Measurement measurement) throws IOException {
    if (!metric.contains(only)) {
      return;
    }
    double value = measurement.take();
    say(String.format(Locale.ROOT, "%s  %s: %.2f; %s", name, metric, value, Machine.load()));
    results.computeIfAbsent(name, _ -> new Figures()).add(metric, value);
  }

  @FunctionalInterface
  private interface Measurement {
    double take() throws IOException;
  }

  private double bulk(ProxyPair pair, int streams, int duration) throws IOException {
    double before = pair.cpuSeconds();
    String out =
        run(
            pair,
            duration,
            List.of(
                "iperf3",
                "-J",
                "-c",
                pair.server().ip4().getHostAddress(),
                "-p",
                Integer.toString(IPERF),
                "-t",
                Integer.toString(duration),
                "-P",
                Integer.toString(streams)));
    return (pair.cpuSeconds() - before) / (number(BYTES, out) / 1e9);
  }

  private double wrk(ProxyPair pair, int connections, int duration, List<String> more)
      throws IOException {
    double before = pair.cpuSeconds();
    List<String> words =
        new ArrayList<>(List.of("wrk", "-t1", "-c" + connections, "-d" + duration));
    words.addAll(more);
    words.add("http://" + pair.server().ip4().getHostAddress() + ":" + HTTP + "/");
    String out = run(pair, duration, words);
    if (out.contains("Socket errors") || out.contains("Non-2xx")) {
      say(out);
    }
    return (pair.cpuSeconds() - before) * 1e6 / number(REQUESTS, out);
  }

  private static String run(ProxyPair pair, int duration, List<String> words) throws IOException {
    return Command.of(words.toArray(String[]::new))
        .within(Duration.ofSeconds(duration + 90))
        .in(pair.client().netns())
        .output();
  }

  private static double number(Pattern pattern, String text) throws IOException {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IOException("output: " + text + " (expected: " + pattern + ")");
    }
    return Double.parseDouble(matcher.group(1));
  }
}
