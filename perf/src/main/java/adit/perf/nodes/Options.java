package adit.perf.nodes;

import java.util.LinkedHashMap;
import java.util.Map;

/// The options of a benchmark, `--name value`, and the proxies to measure.
///
/// @param commands of the proxies, by the name in the tables
public record Options(Map<String, String> values, Map<String, String> commands) {
  /// Reads the arguments; the proxies are ztunnels.
  public static Options of(String[] args) {
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      values.put(args[i], args[i + 1]);
    }
    Map<String, String> commands = new LinkedHashMap<>();
    commands.put("adit", System.getenv("ADIT_HOME") + "/adit run ztunnel proxy ztunnel");
    String peer = values.get("--peer");
    if (peer != null) {
      commands.put("peer", peer);
    }
    return new Options(values, commands);
  }

  /// The value of an option, or `otherwise`.
  public String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /// The same, as a number.
  public int number(String name, int otherwise) {
    return Integer.parseInt(values.getOrDefault(name, Integer.toString(otherwise)));
  }
}
