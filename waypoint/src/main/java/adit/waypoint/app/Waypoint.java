package adit.waypoint.app;

import adit.proxy.ConfigException;
import adit.proxy.Signals;
import adit.telemetry.LogOutput;
import adit.telemetry.WritesToStandardOutput;
import adit.waypoint.config.ProxySettings;
import adit.waypoint.listener.HttpLimits;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;
import java.util.Objects;

/// The waypoint's entry. Arguments as the reference's: `proxy waypoint ...` runs; the settings are
/// environment variables, further arguments are those of the reference and mean nothing here.
public final class Waypoint {
  private static final String HELP =
      """
      waypoint: the L7 proxy of an ambient mesh

      usage: waypoint proxy waypoint [...]   run (configuration: environment variables)
             waypoint version
             waypoint help
      """;

  private Waypoint() {}

  /// Runs until a signal or `/quitquitquit`; the exit status is 0 then, 1 when it could not start.
  public static void main(String[] arguments) {
    String command = arguments.length == 0 ? "proxy" : arguments[0];
    int status =
        switch (command) {
          case "proxy" -> run(System.getenv());
          case "version" -> say("waypoint " + version() + "\n", 0);
          case "help" -> say(HELP, 0);
          default -> say(HELP, 1);
        };
    // Nothing is left to wait for, and what still runs must not keep the process.
    Runtime.getRuntime().halt(status);
  }

  static String version() {
    return Objects.requireNonNullElse(
        Waypoint.class.getPackage().getImplementationVersion(), "dev");
  }

  @WritesToStandardOutput("these are the answers of a command, not log lines")
  private static int say(String text, int status) {
    PrintStream out = System.out;
    out.print(text);
    out.flush();
    return status;
  }

  private static int run(Map<String, String> environment) {
    LogOutput output = LogOutput.start(environment);
    try {
      var process =
          new WaypointProcess(ProxySettings.read(environment), HttpLimits.DEFAULT, output);
      Signals.endBy(process::shutDown);
      process.start();
      process.awaitEnd();
      return 0;
    } catch (ConfigException | IOException e) {
      output.scope("app").error("cannot start", "error", e.getMessage());
      return 1;
    } catch (InterruptedException _) {
      return 1;
    } finally {
      output.close();
    }
  }
}
