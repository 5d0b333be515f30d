package adit.testkit.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import adit.linux.topology.Device;
import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// `tcpdump` on a link, with its packets as records.
public final class Capture implements AutoCloseable {
  private static final int MOST_PACKETS = 500_000;
  private static final Duration QUIET = Duration.ofMillis(200);
  private static final Duration TO_BECOME_QUIET = Duration.ofSeconds(3);

  private final Process tcpdump;
  private final List<CapturedPacket> packets = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private Capture(Process tcpdump) {
    this.tcpdump = tcpdump;
  }

  /// Starts; packets that are sent after this returns are seen.
  ///
  /// @param filter in the language of `pcap-filter(7)`; empty for everything
  public static Capture start(Device device, String filter) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of("tcpdump", "-i", device.name(), "--immediate-mode", "-Un", "-Z", "root"));
    words.addAll(List.of("-w", "-"));
    if (!filter.isBlank()) {
      words.add(filter);
    }
    Process process = new ProcessBuilder(device.netns().entering(words)).start();
    awaitListening(process);
    Capture capture = new Capture(process);
    Thread.ofPlatform().daemon().name("capture " + device.name()).start(capture::collect);
    return capture;
  }

  /// What was seen so far.
  public List<CapturedPacket> packets() {
    lock.lock();
    try {
      return List.copyOf(packets);
    } finally {
      lock.unlock();
    }
  }

  /// The first packet that fits, seen before or within `timeout`.
  ///
  /// @throws AssertionError there was none
  public CapturedPacket await(String what, Predicate<CapturedPacket> fits, Duration timeout)
      throws InterruptedException {
    long left = timeout.toNanos();
    int seen = 0;
    lock.lock();
    try {
      while (true) {
        for (; seen < packets.size(); seen++) {
          if (fits.test(packets.get(seen))) {
            return packets.get(seen);
          }
        }
        if (left <= 0) {
          throw new AssertionError(
              "no packet within " + timeout + ": " + what + ", of " + packets.size() + " seen");
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Stops when no packet has come for a fifth of a second (at most three seconds are waited), and
  /// returns all packets.
  public List<CapturedPacket> stop() throws InterruptedException {
    long deadline = System.nanoTime() + TO_BECOME_QUIET.toNanos();
    lock.lock();
    try {
      int before = -1;
      while (before != packets.size() && System.nanoTime() < deadline) {
        before = packets.size();
        awaitQuiet(before);
      }
    } finally {
      lock.unlock();
    }
    close();
    return packets();
  }

  /// Stops at once.
  @Override
  public void close() {
    tcpdump.destroy();
    try {
      if (!tcpdump.waitFor(1, TimeUnit.SECONDS)) {
        tcpdump.destroyForcibly();
      }
    } catch (InterruptedException e) {
      tcpdump.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /// Waits until another packet comes or the time of quiet is over.
  private void awaitQuiet(int before) throws InterruptedException {
    long left = QUIET.toNanos();
    while (left > 0 && packets.size() == before) {
      left = changed.awaitNanos(left);
    }
  }

  private void collect() {
    try {
      PcapReader reader = new PcapReader(tcpdump.getInputStream());
      @Nullable CapturedPacket packet = reader.nextOrNull();
      while (packet != null) {
        add(packet);
        packet = reader.nextOrNull();
      }
    } catch (IOException ended) {
      // Closing the capture closes the stream under this reader.
      tcpdump.destroy();
    }
  }

  private void add(CapturedPacket packet) {
    lock.lock();
    try {
      if (packets.size() < MOST_PACKETS) {
        packets.add(packet);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static void awaitListening(Process process) throws IOException {
    BufferedReader said = process.errorReader(UTF_8);
    StringBuilder all = new StringBuilder();
    String line = said.readLine();
    while (line != null && !line.contains("listening on")) {
      all.append(line).append('\n');
      line = said.readLine();
    }
    if (line == null) {
      throw new IOException("tcpdump: " + all.toString().strip());
    }
    // Nobody reads on; the few lines that tcpdump says at its end fit into the pipe.
  }
}
