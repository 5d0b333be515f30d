package adit.perf.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What stands beside a figure so that it can be judged.
public final class Machine {
  private Machine() {}

  /// Runnable processes, averaged over the last minute: figures taken beside other work are worse.
  public static String load() throws IOException {
    return "load average " + Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
  }
}
