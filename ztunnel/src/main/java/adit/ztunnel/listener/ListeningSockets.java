package adit.ztunnel.listener;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/// The listening sockets of the calling thread's network namespace, as the kernel lists them.
final class ListeningSockets {
  private static final String LISTEN = "0A";
  private static final int LOCAL = 1;
  private static final int STATE = 3;

  private ListeningSockets() {}

  /// How many listen on a port, of both families.
  static int count(int port) throws IOException {
    int count = 0;
    for (String table : new String[] {"tcp", "tcp6"}) {
      try (BufferedReader lines =
          Files.newBufferedReader(Path.of("/proc/thread-self/net", table))) {
        count += count(lines, port);
      } catch (NoSuchFileException _) {
        // A kernel without that family.
      }
    }
    return count;
  }

  /// The kernel lists those that listen before all others, so that a pod with many connections
  /// costs no more to look at.
  static int count(BufferedReader lines, int port) throws IOException {
    String suffix = String.format(Locale.ROOT, ":%04X", port);
    String line = lines.readLine(); // headings
    int count = 0;
    while (line != null) {
      line = lines.readLine();
      String[] fields = line == null ? new String[0] : line.strip().split("\\s+", STATE + 2);
      if (fields.length <= STATE || !fields[STATE].equals(LISTEN)) {
        return count;
      }
      count += fields[LOCAL].endsWith(suffix) ? 1 : 0;
    }
    return count;
  }
}
