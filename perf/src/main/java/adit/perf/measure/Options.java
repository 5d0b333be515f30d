package adit.perf.measure;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options of a benchmark, `--name value`.
public record Options(Map<String, String> values) {
  public Options {
    values = Map.copyOf(values);
  }

  /// Reads the arguments.
  public static Options of(String[] args) {
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      values.put(args[i], args[i + 1]);
    }
    return new Options(values);
  }

  /// The command that runs one of our programs, by its name.
  public static String own(String program) {
    return System.getenv("ADIT_HOME") + "/adit run " + program + " proxy " + program;
  }

  /// The node proxies to measure: ours, and that of `--peer`; by the name in the tables.
  public Map<String, String> nodeProxies() {
    Map<String, String> commands = new LinkedHashMap<>();
    commands.put("adit", own("ztunnel"));
    String peer = textOrNull("--peer");
    if (peer != null) {
      commands.put("peer", peer);
    }
    return commands;
  }

  /// The value of an option, or null.
  public @Nullable String textOrNull(String name) {
    return values.get(name);
  }

  /// The value of an option, or `otherwise`.
  public int number(String name, int otherwise) {
    return Integer.parseInt(values.getOrDefault(name, Integer.toString(otherwise)));
  }
}
