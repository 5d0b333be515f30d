package adit.telemetry;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// File descriptors of this process, from `/proc/self`. NaN where that cannot be read.
final class ProcessDescriptors {
  private static final String LIMIT_LINE = "Max open files";

  private ProcessDescriptors() {}

  static double open() {
    long count = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path _ : entries) {
        count++;
      }
    } catch (IOException _) {
      return Double.NaN;
    }
    // The listing itself held one.
    return count - 1;
  }

  /// The soft limit.
  static double limit() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        if (line.startsWith(LIMIT_LINE)) {
          String soft = line.substring(LIMIT_LINE.length()).strip().split("\\s+", 2)[0];
          return soft.equals("unlimited") ? Double.POSITIVE_INFINITY : Double.parseDouble(soft);
        }
      }
    } catch (IOException | NumberFormatException _) {
      return Double.NaN;
    }
    return Double.NaN;
  }
}
