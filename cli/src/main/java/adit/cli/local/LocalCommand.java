package adit.cli.local;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `adit local`.
@Command(
    name = "local",
    description = "A whole mesh on this machine, from a directory of Kubernetes YAML.",
    subcommands = {
      UpCommand.class,
      StatusCommand.class,
      ExecCommand.class,
      LogsCommand.class,
      DownCommand.class
    },
    mixinStandardHelpOptions = true)
public final class LocalCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
