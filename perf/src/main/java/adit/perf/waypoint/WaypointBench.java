package adit.perf.waypoint;

import adit.linux.topology.Command;
import adit.perf.measure.Figures;
import adit.perf.measure.Machine;
import adit.perf.measure.Options;
import adit.telemetry.WritesToStandardOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a request costs in a waypoint: it ends the client's tunnel, chooses a route by a header,
/// checks a policy of layer 7, counts, and forwards in plaintext.
///
/// `./adit bench waypoint [--rounds N] [--seconds N] [--warm SECONDS] [--settle SECONDS] [--routes
/// N] [--envoy COMMAND]`. With an Envoy, both stand at the same time and rounds alternate. CPU is
/// that of the proxy alone. Needs wrk, h2load and nginx.
public final class WaypointBench {
  private static final Pattern WRK = Pattern.compile("(\\d+) requests in");
  private static final Pattern H2LOAD = Pattern.compile("(\\d+) succeeded");

  private final int seconds;
  private final Map<String, Figures> results = new LinkedHashMap<>();

  private WaypointBench(int seconds) {
    this.seconds = seconds;
  }

  @WritesToStandardOutput("its output is the result")
  public static void main(String[] args) throws Exception {
    Options options = Options.of(args);
    int routes = options.number("--routes", 10);
    WaypointBench bench = new WaypointBench(options.number("--seconds", 4));
    List<Bed> beds = new ArrayList<>();
    try {
      beds.add(Bed.start("adit", Options.own("waypoint"), false, routes));
      String envoy = options.textOrNull("--envoy");
      if (envoy != null) {
        beds.add(Bed.start("envoy", envoy, true, routes));
      }
      bench.idle(beds, options.number("--settle", 20));
      for (Bed bed : beds) {
        bench.warm(bed, options.number("--warm", 30));
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
    System.out.print(Figures.table(bench.results, beds.stream().map(Bed::name).toList()));
  }

  private void idle(List<Bed> beds, int settle) throws IOException, InterruptedException {
    TimeUnit.SECONDS.sleep(settle);
    for (Bed bed : beds) {
      record(bed, "idle RSS: MB", bed.process().memory().rss());
    }
  }

  private void warm(Bed bed, int duration) throws IOException {
    int part = Math.max(2, duration / 2);
    double first = http1(bed, part);
    double second = http2(bed, part);
    say(
        String.format(
            Locale.ROOT,
            "%s warmed: HTTP/1.1 %.2f us, HTTP/2 %.2f us; %s",
            bed.name(),
            first,
            second,
            Machine.load()));
  }

  private void round(Bed bed) throws IOException {
    record(bed, "HTTP/1.1 c=32: CPU us/request", http1(bed, seconds));
    record(bed, "HTTP/2 4 x 8: CPU us/request", http2(bed, seconds));
    record(bed, "1,000 requests/s: p50 us", median(bed));
    record(bed, "RSS after load: MB", bed.process().memory().rss());
  }

  private void record(Bed bed, String metric, double value) throws IOException {
    say(String.format(Locale.ROOT, "%s  %s: %.2f; %s", bed.name(), metric, value, Machine.load()));
    results.computeIfAbsent(bed.name(), _ -> new Figures()).add(metric, value);
  }

  @WritesToStandardOutput("progress of long work")
  private static void say(String line) {
    System.out.println(line);
  }

  private static double http1(Bed bed, int duration) throws IOException {
    return cost(bed, WRK, duration, "wrk", "-t1", "-c32", "-d" + duration, url(Bed.HTTP1));
  }

  private static double http2(Bed bed, int duration) throws IOException {
    return cost(bed, H2LOAD, duration, "h2load", "-c4", "-m8", "-D" + duration, url(Bed.HTTP2));
  }

  private static double cost(Bed bed, Pattern count, int duration, String... words)
      throws IOException {
    double before = bed.process().cpuSeconds();
    String out = run(bed, duration, words);
    if (out.contains("Socket errors") || out.contains("Non-2xx")) {
      say(out);
    }
    Matcher matcher = count.matcher(out);
    if (!matcher.find() || Long.parseLong(matcher.group(1)) == 0) {
      throw new IOException("output: " + out + " (expected: " + count + ", not 0)\n" + bed.said());
    }
    return (bed.process().cpuSeconds() - before) * 1e6 / Long.parseLong(matcher.group(1));
  }

  /// Of the time of each request at a fixed rate.
  private double median(Bed bed) throws IOException {
    Path log = bed.directory().resolve("times");
    Files.deleteIfExists(log);
    String out =
        run(
            bed,
            seconds,
            "h2load",
            "--h1",
            "-c10",
            "--rps=100",
            "-D" + seconds,
            "--log-file=" + log,
            url(Bed.HTTP1));
    List<Long> times =
        Files.readAllLines(log).stream()
            .map(line -> line.split("\t", -1))
            .filter(fields -> fields[1].equals("200"))
            .map(fields -> Long.parseLong(fields[2]))
            .sorted()
            .toList();
    if (times.isEmpty()) {
      throw new IOException("no request succeeded: " + out);
    }
    return times.get(times.size() / 2);
  }

  private static String url(int port) {
    return "http://127.0.0.1:" + port + "/";
  }

  private static String run(Bed bed, int duration, String... words) throws IOException {
    return Command.of(words)
        .within(Duration.ofSeconds(duration + 60))
        .in(bed.client().netns())
        .output();
  }
}
