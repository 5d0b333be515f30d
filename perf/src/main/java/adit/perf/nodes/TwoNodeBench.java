package adit.perf.nodes;

import adit.linux.topology.Command;
import adit.telemetry.WritesToStandardOutput;
import adit.testkit.lab.LabProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A pair of proxies between two pods on two nodes, with capture: what a gigabyte, a request, a
/// connection and a tunnel cost, in CPU time of both proxies.
///
/// `./adit bench nodes [--rounds N] [--seconds N] [--peer COMMAND]`. With a peer, any program that
/// takes a ztunnel's environment, rounds alternate and ratios are printed. Needs iperf3, wrk and
/// nginx.
public final class TwoNodeBench {
  private static final int HTTP = 8082;
  private static final int IPERF = 8083;
  private static final Pattern BYTES =
      Pattern.compile("\"sum_received\":\\s*\\{[^}]*?\"bytes\":\\s*(\\d+)");
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");

  private final int seconds;
  private final Map<String, Figures> results = new LinkedHashMap<>();

  private TwoNodeBench(int seconds) {
    this.seconds = seconds;
  }

  @WritesToStandardOutput("its output is the result")
  public static void main(String[] args) throws Exception {
    Options options = Options.of(args);
    TwoNodeBench bench = new TwoNodeBench(options.number("--seconds", 4));
    for (int round = 0; round < options.number("--rounds", 3); round++) {
      for (Map.Entry<String, String> command : options.commands().entrySet()) {
        bench.round(command.getKey(), command.getValue());
      }
    }
    System.out.print(Figures.table(bench.results, List.copyOf(options.commands().keySet())));
  }

  @WritesToStandardOutput("progress of long work")
  private static void say(String line) {
    System.out.println(line);
  }

  private void round(String name, String command) throws Exception {
    try (ProxyPair pair = ProxyPair.start("perf-" + name, command)) {
      for (ProxyProcess proxy : pair.proxies()) {
        say(name + " idle, 1 pod: " + proxy.memory());
      }
      Path config = nginx();
      LabProcess nginx = pair.server().start("nginx", "-c", config.toString());
      LabProcess iperf = pair.server().start("iperf3", "-s", "-p", Integer.toString(IPERF));
      wrk(pair, 32, Math.max(6, seconds), List.of()); // warms
      bulk(pair, 1);
      record(name, "bulk, 1 stream: CPU-s/GB", bulk(pair, 1));
      record(name, "bulk, 8 streams: CPU-s/GB", bulk(pair, 8));
      record(name, "c=32 keep-alive: CPU us/request", wrk(pair, 32, seconds, List.of()));
      record(
          name,
          "new connection, pooled tunnel: CPU us",
          wrk(pair, 16, seconds, List.of("-H", "Connection: close")));
      for (ProxyProcess proxy : pair.proxies()) {
        say(name + " after load: " + proxy.memory());
      }
      iperf.kill();
      nginx.kill();
      Files.delete(config);
    }
  }

  private void record(String name, String metric, double value) {
    say(String.format(Locale.ROOT, "%s  %s: %.2f", name, metric, value));
    results.computeIfAbsent(name, _ -> new Figures()).add(metric, value);
  }

  private double bulk(ProxyPair pair, int streams) throws IOException {
    double before = pair.cpuSeconds();
    String out =
        run(
            pair,
            List.of(
                "iperf3",
                "-J",
                "-c",
                pair.server().ip4().getHostAddress(),
                "-p",
                Integer.toString(IPERF),
                "-t",
                Integer.toString(seconds),
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
    String out = run(pair, words);
    if (out.contains("Socket errors") || out.contains("Non-2xx")) {
      say(out);
    }
    return (pair.cpuSeconds() - before) * 1e6 / number(REQUESTS, out);
  }

  private String run(ProxyPair pair, List<String> words) throws IOException {
    return Command.of(words.toArray(String[]::new))
        .within(Duration.ofSeconds(seconds + 30))
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

  private static Path nginx() throws IOException {
    Path config = Files.createTempFile("adit-perf-", ".conf");
    Files.writeString(
        config,
        String.format(
            Locale.ROOT,
            """
            worker_processes 1; daemon off; pid %s.pid; error_log /dev/null;
            events { worker_connections 4096; }
            http {
              access_log off; keepalive_requests 100000000;
              server { listen %d backlog=4096; location / { return 200 "%s"; } }
            }
            """,
            config,
            HTTP,
            "x".repeat(1024)));
    return config;
  }
}
