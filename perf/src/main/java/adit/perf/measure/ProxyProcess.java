package adit.perf.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// What the kernel says of one process.
public record ProxyProcess(long pid) {
  private static final double TICKS = 100; // USER_HZ on every Linux that we run on

  /// User and kernel time since its start.
  public double cpuSeconds() throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS;
  }

  /// Resident set and proportional set (pages that others map too are shared out), in MB.
  public record Memory(double rss, double pss) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "RSS %.1f MB PSS %.1f MB", rss, pss);
    }
  }

  /// What it occupies now.
  public Memory memory() throws IOException {
    long rss = 0;
    long pss = 0;
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
      String[] words = line.split("\\s+", 3);
      if (words[0].equals("Rss:")) {
        rss = Long.parseLong(words[1]);
      } else if (words[0].equals("Pss:")) {
        pss = Long.parseLong(words[1]);
      }
    }
    return new Memory(rss / 1024.0, pss / 1024.0);
  }
}
