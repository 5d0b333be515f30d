package adit.ztunnel.app;

import adit.proxy.ConfigException;
import adit.proxy.Signals;
import adit.telemetry.LogOutput;
import adit.telemetry.WritesToStandardOutput;
import adit.ztunnel.config.ConfigReader;
import adit.ztunnel.config.ZtunnelConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;

/// The node proxy's entry. Arguments as the reference's: none or `proxy ...` runs, `version`,
/// `help`; ours: `train` is the run from which the AOT archive is made.
public final class Ztunnel {
  private static final String HELP =
      """
      ztunnel: the node proxy of an ambient mesh

      usage: ztunnel [proxy [ztunnel]]   run (configuration: environment variables)
             ztunnel train               run against a mesh of its own for some seconds, to make an archive
             ztunnel version
             ztunnel help
      """;

  private Ztunnel() {}

  /// Runs until a signal or `/quitquitquit`; the exit status is 0 then, 1 when it could not start.
  public static void main(String[] arguments) {
    String command = arguments.length == 0 ? "proxy" : arguments[0];
    Map<String, String> environment = System.getenv();
    int status =
        switch (command) {
          case "proxy" -> run(environment);
          case "train" -> train(environment);
          case "version" -> say("ztunnel " + Version.current(Map.of()).own() + "\n", 0);
          case "help" -> say(HELP, 0);
          default -> say(HELP, 1);
        };
    // Nothing is left to wait for, and what still runs must not keep the process.
    Runtime.getRuntime().halt(status);
  }

  @WritesToStandardOutput("these are the answers of a command, not log lines")
  private static int say(String text, int status) {
    PrintStream out = System.out;
    out.print(text);
    out.flush();
    return status;
  }

  private static int train(Map<String, String> environment) {
    LogOutput output = LogOutput.start(environment);
    boolean complete = Training.run(output.scope("app"), Training.USUAL);
    output.close();
    return complete ? 0 : 1;
  }

  private static int run(Map<String, String> environment) {
    LogOutput output = LogOutput.start(environment);
    try {
      ZtunnelConfig config = new ConfigReader(environment).read();
      Limits.raisedDescriptors(output.scope("app"));
      var process = new ZtunnelProcess(config, output);
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
