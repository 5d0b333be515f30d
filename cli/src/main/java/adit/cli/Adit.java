package adit.cli;

import adit.cli.cluster.CheckCommand;
import adit.cli.cluster.InstallCommand;
import adit.cli.cluster.UninstallCommand;
import adit.cli.demo.DemoCommand;
import adit.cli.explain.ExplainCommand;
import adit.cli.local.LocalCommand;
import adit.cli.waypoint.WaypointCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command line: `adit install`, `adit check`, `adit explain`, `adit local ...`, `adit demo`.
@Command(
    name = "adit",
    description = "Adit: an ambient service mesh.",
    subcommands = {
      InstallCommand.class,
      UninstallCommand.class,
      CheckCommand.class,
      WaypointCommand.class,
      ExplainCommand.class,
      LocalCommand.class,
      DemoCommand.class,
      CommandLine.HelpCommand.class
    },
    mixinStandardHelpOptions = true)
public final class Adit implements Runnable {
  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  /// Runs one command; its result is the exit code.
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new Adit());
    line.setExecutionExceptionHandler((failure, command, _) -> {
      command.getErr().println("adit: " + message(failure));
      return 1;
    });
    System.exit(line.execute(arguments));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static String message(Exception failure) {
    boolean ours =
        failure instanceof java.io.IOException
            || failure instanceof IllegalArgumentException
            || failure instanceof io.fabric8.kubernetes.client.KubernetesClientException;
    String text = failure.getMessage();
    return ours && text != null ? text : failure.toString();
  }
}
