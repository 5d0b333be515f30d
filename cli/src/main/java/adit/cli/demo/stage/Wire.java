package adit.cli.demo.stage;

import adit.linux.topology.NamedNetns;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What is seen on the link between the nodes, by `tcpdump`.
public final class Wire implements AutoCloseable {
  private static final int MOST_PACKETS = 1_000_000;

  private final Process tcpdump;
  private final Thread reader;
  private final List<SeenPacket> packets = new ArrayList<>();

  private Wire(Process tcpdump, PcapStream stream) {
    this.tcpdump = tcpdump;
    this.reader = Thread.ofPlatform().daemon().name("wire").start(() -> read(stream));
  }

  /// Starts to look; packets sent after this returns are seen.
  ///
  /// @param node network namespace of a node
  /// @param filter in the language of `pcap-filter(7)`
  public static Wire look(NamedNetns node, String filter, String marker) throws IOException {
    Process tcpdump =
        new ProcessBuilder(
                node.entering(
                    List.of(
                        "tcpdump",
                        "-i",
                        "eth0",
                        "--immediate-mode",
                        "-Un",
                        "-Z",
                        "root",
                        "-w",
                        "-",
                        filter)))
            .start();
    BufferedReader said = tcpdump.errorReader();
    StringBuilder all = new StringBuilder();
    String line = said.readLine();
    while (line != null && !line.contains("listening on")) {
      all.append(line).append(' ');
      line = said.readLine();
    }
    if (line == null) {
      throw new IOException("tcpdump: " + all.toString().strip());
    }
    return new Wire(
        tcpdump, new PcapStream(new BufferedInputStream(tcpdump.getInputStream()), marker));
  }

  /// Stops looking.
  ///
  /// @return everything that was seen
  public List<SeenPacket> finish() {
    close();
    synchronized (packets) {
      return List.copyOf(packets);
    }
  }

  /// Stops looking. What was sent before is still counted.
  @Override
  public void close() {
    tcpdump.destroy();
    try {
      if (!tcpdump.waitFor(2, TimeUnit.SECONDS)) {
        tcpdump.destroyForcibly();
      }
      reader.join(TimeUnit.SECONDS.toMillis(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void read(PcapStream stream) {
    try {
      SeenPacket packet = stream.nextOrNull();
      while (packet != null) {
        synchronized (packets) {
          if (packets.size() < MOST_PACKETS) {
            packets.add(packet);
          }
        }
        packet = stream.nextOrNull();
      }
    } catch (IOException e) {
      // The pipe ends in the middle of a packet when tcpdump is stopped.
      return;
    }
  }
}
