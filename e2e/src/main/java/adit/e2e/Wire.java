package adit.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What tcpdump sees on the nodes between pods of the mesh.
///
/// @param nodes the nodes
record Wire(Nodes nodes) {
  private static final int SECONDS = 8;
  private static final String MOST = "4000";
  private static final String HBONE = "15008";
  private static final Pattern PACKET =
      Pattern.compile(" IP6? (\\S+)\\.(\\d+) > (\\S+)\\.(\\d+): ");

  /// Packets by the port of the server.
  ///
  /// @param hbone to or from port 15008
  /// @param others everything else, as tcpdump prints it
  record Seen(int hbone, List<String> others) {
    /// Reads lines of tcpdump.
    ///
    /// @param addresses of pods of the mesh; what is not between two of them is left out
    static Seen of(String lines, Set<String> addresses) {
      int hbone = 0;
      List<String> others = new ArrayList<>();
      for (String line : lines.split("\n", -1)) {
        Matcher packet = PACKET.matcher(line);
        if (packet.find()
            && addresses.contains(packet.group(1))
            && addresses.contains(packet.group(3))) {
          if (packet.group(2).equals(HBONE) || packet.group(4).equals(HBONE)) {
            hbone++;
          } else {
            others.add(line.strip());
          }
        }
      }
      return new Seen(hbone, others);
    }
  }

  /// Watches while requests are sent.
  String watch() throws Exception {
    nodes.await();
    Set<String> addresses = new HashSet<>();
    for (Pod pod : nodes.cluster().pods(Cluster.SHOP)) {
      if (Cluster.captured(pod)) {
        addresses.add(pod.getStatus().getPodIP());
      }
    }
    Map<String, Seen> seen = new HashMap<>();
    String counts =
        UnderLoad.of(nodes.cluster(), "new").during(() -> seen.putAll(onAll(addresses)));
    int hbone = 0;
    for (Map.Entry<String, Seen> each : seen.entrySet()) {
      hbone += each.getValue().hbone();
      List<String> others = each.getValue().others();
      if (!others.isEmpty()) {
        throw new JourneyFailed(
            String.format(
                Locale.ROOT,
                "%s: %d packets between pods of the mesh were not of port 15008, as %s",
                each.getKey(),
                others.size(),
                others.getFirst()));
      }
    }
    if (hbone == 0) {
      throw new JourneyFailed("tcpdump saw no packet of port 15008");
    }
    return String.format(
        Locale.ROOT,
        "tcpdump on %d nodes, %d s: %d packets between pods of the mesh, all of port 15008; %s",
        seen.size(),
        SECONDS,
        hbone,
        counts);
  }

  private Map<String, Seen> onAll(Set<String> addresses) throws Exception {
    Map<String, Seen> seen = new HashMap<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, Future<Seen>> running = new HashMap<>();
      for (String node : nodes.names()) {
        Callable<Seen> one = () -> on(node, addresses);
        running.put(node, threads.submit(one));
      }
      for (Map.Entry<String, Future<Seen>> each : running.entrySet()) {
        seen.put(each.getKey(), each.getValue().get());
      }
    }
    return seen;
  }

  private Seen on(String node, Set<String> addresses) throws Exception {
    Cluster.Ended ended =
        nodes.run(
            node,
            "timeout",
            Integer.toString(SECONDS),
            "tcpdump",
            "-nn",
            "-l",
            "-i",
            "any",
            "-c",
            MOST,
            "tcp and (" + hosts("src", addresses) + ") and (" + hosts("dst", addresses) + ")");
    if (ended.exit() == Nodes.NOT_FOUND) {
      throw new JourneySkipped(node + " has no tcpdump");
    }
    return Seen.of(ended.out(), addresses);
  }

  private static String hosts(String direction, Set<String> addresses) {
    return String.join(
        " or ",
        addresses.stream().sorted().map(address -> direction + " host " + address).toList());
  }
}
