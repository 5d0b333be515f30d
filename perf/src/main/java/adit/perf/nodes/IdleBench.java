package adit.perf.nodes;

import adit.perf.measure.Figures;
import adit.perf.measure.Machine;
import adit.perf.measure.Options;
import adit.perf.measure.ProxyProcess;
import adit.telemetry.WritesToStandardOutput;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What a proxy costs before it has work: time from its start until it is ready and its first pod
/// is accepted, and the memory of a process that serves two pods.
///
/// `./adit bench idle [--rounds N] [--settle SECONDS] [--peer COMMAND]`. Rounds alternate.
public final class IdleBench {
  private IdleBench() {}

  @WritesToStandardOutput("its output is the result")
  public static void main(String[] args) throws Exception {
    Options options = Options.of(args);
    int settle = options.number("--settle", 20);
    Map<String, Figures> figures = new LinkedHashMap<>();
    for (int round = 0; round < options.number("--rounds", 3); round++) {
      for (Map.Entry<String, String> command : options.nodeProxies().entrySet()) {
        Figures of = figures.computeIfAbsent(command.getKey(), _ -> new Figures());
        try (ProxyPair pair =
            ProxyPair.start("su-" + command.getKey(), command.getValue(), Map.of())) {
          TimeUnit.SECONDS.sleep(settle);
          String load = Machine.load();
          for (int i = 0; i < pair.proxies().size(); i++) {
            ProxyPair.Start start = pair.starts().get(i);
            ProxyProcess.Memory memory = pair.proxies().get(i).memory();
            of.add("ready ms", start.ready());
            of.add("first pod accepted ms", start.pod());
            of.add("CPU ms until ready", start.cpu());
            of.add("idle RSS, two pods: MB", memory.rss());
            of.add("idle PSS, two pods: MB", memory.pss());
            System.out.printf(
                "%s: %s; %d s later %s; %s%n", command.getKey(), start, settle, memory, load);
          }
        }
      }
    }
    System.out.print(Figures.table(figures, List.copyOf(options.nodeProxies().keySet())));
  }
}
