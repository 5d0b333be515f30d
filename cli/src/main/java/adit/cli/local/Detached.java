package adit.cli.local;

import adit.cli.local.run.Polling;
import adit.cli.local.supervise.Options;
import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Starts a supervisor that outlives the command.
public final class Detached {
  private static final Duration LONGEST_START = Duration.ofMinutes(3);

  private Detached() {}

  /// Returns when everything is ready.
  ///
  /// @return exit code
  public static int start(Options options, PrintWriter out) throws IOException {
    Path log = Files.createTempFile("adit-local-", ".log");
    try {
      Process supervisor = supervisor(options, log);
      boolean settled =
          Polling.until(LONGEST_START, () -> !supervisor.isAlive() || settled(options, supervisor));
      if (settled && supervisor.isAlive()) {
        out.println("ready; look: adit local status, end: adit local down" + nameOption(options));
        return 0;
      }
      out.println(
          supervisor.isAlive()
              ? "not ready after "
                  + LONGEST_START.toSeconds()
                  + " s; see adit local status"
                  + nameOption(options)
              : Files.readString(log).strip());
      return 1;
    } finally {
      Files.deleteIfExists(log);
    }
  }

  private static Process supervisor(Options options, Path log) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                "setsid",
                options.home().resolve("adit").toString(),
                "local",
                "up",
                "--background",
                "-f",
                options.directory().toString(),
                "--nodes",
                Integer.toString(options.nodes()),
                "--name",
                options.instance().name(),
                "--ca-dir",
                options.caDirectory().toString()));
    if (!options.mesh()) {
      words.add("--no-mesh");
    }
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("ADIT_NO_BUILD", "1");
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(log.toFile());
    return builder.start();
  }

  private static boolean settled(Options options, Process supervisor) throws IOException {
    if (!Files.exists(options.instance().statusFile())) {
      return false;
    }
    StatusReport report = StatusReport.read(options.instance().statusFile());
    return report.pid() == supervisor.pid() && report.settled();
  }

  private static String nameOption(Options options) {
    String name = options.instance().name();
    return name.equals("local") ? "" : " --name " + name;
  }
}
