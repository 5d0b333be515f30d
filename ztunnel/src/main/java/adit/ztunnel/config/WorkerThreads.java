package adit.ztunnel.config;

import adit.proxy.Environment;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How many event loops carry traffic.
///
/// First that is set: `ZTUNNEL_WORKER_THREADS` (`N`, `0` = all CPUs, `P%` of the CPUs), the mesh
/// configuration's `concurrency` (`0` = all), an explicit `ZTUNNEL_RESOURCE_CPU_LIMIT` (at least
/// the request), else a quarter of the CPUs, the request or two, whichever is most.
final class WorkerThreads {
  private static final int MOST = 1024;
  private static final double DEFAULT_SHARE = 0.25;
  private static final Pattern PERCENT = Pattern.compile("(\\d{1,3})%");
  private static final Pattern MILLICORES = Pattern.compile("(\\d{1,9})m");
  private static final Pattern CORES = Pattern.compile("\\d{1,6}(\\.\\d{1,6})?");

  private WorkerThreads() {}

  static int count(Environment environment, @Nullable Integer concurrency, int processors) {
    if (environment.has("ZTUNNEL_WORKER_THREADS")) {
      return environment.parse(
          "ZTUNNEL_WORKER_THREADS",
          "a whole number of 0 to " + MOST + ", or a percentage of the processors such as 50%",
          text -> explicit(text, processors),
          processors);
    }
    if (concurrency != null) {
      return concurrency == 0 ? processors : concurrency;
    }
    int request = cores(environment, "ZTUNNEL_RESOURCE_CPU_REQUEST", 0);
    // The downward API turns an absent limit into the node's size; only an explicit limit counts.
    int limit = cores(environment, "ZTUNNEL_RESOURCE_CPU_LIMIT", 0);
    if (limit > 0) {
      return Math.max(limit, request);
    }
    int share = (int) Math.ceil(processors * DEFAULT_SHARE);
    return Math.max(Math.max(share, request), 2);
  }

  private static @Nullable Integer explicit(String text, int processors) {
    Matcher percent = PERCENT.matcher(text);
    if (percent.matches()) {
      int share = Integer.parseInt(percent.group(1));
      return share > 100 ? null : Math.max(1, (processors * share + 99) / 100);
    }
    Integer number = Environment.parseNumber(text, 0, MOST);
    return number != null && number == 0 ? Integer.valueOf(processors) : number;
  }

  private static int cores(Environment environment, String name, int fallback) {
    return environment.parse(
        name, "a CPU quantity such as 500m, 2 or 1.5", WorkerThreads::quantity, fallback);
  }

  private static @Nullable Integer quantity(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    Matcher millicores = MILLICORES.matcher(text);
    if (millicores.matches()) {
      return (Integer.parseInt(millicores.group(1)) + 999) / 1000;
    }
    return CORES.matcher(text).matches() ? (int) Math.ceil(Double.parseDouble(text)) : null;
  }
}
