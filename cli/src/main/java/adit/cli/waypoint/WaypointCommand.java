package adit.cli.waypoint;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `adit waypoint`, with the commands and flags of `istioctl waypoint`.
@Command(
    name = "waypoint",
    description = "Manages waypoints: proxies that serve HTTP for a namespace or a service.",
    subcommands = {
      ApplyCommand.class,
      GenerateCommand.class,
      StatusCommand.class,
      ListCommand.class,
      DeleteCommand.class,
      CommandLine.HelpCommand.class
    },
    mixinStandardHelpOptions = true)
public final class WaypointCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
