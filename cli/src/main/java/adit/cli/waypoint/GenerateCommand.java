package adit.cli.waypoint;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit waypoint generate`.
@Command(
    name = "generate",
    description = "Prints the YAML of a waypoint.",
    mixinStandardHelpOptions = true)
final class GenerateCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ObjectOptions object = new ObjectOptions();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "the waypoint's namespace (default: not written)")
  private @Nullable String namespace;

  @Override
  public void run() {
    spec.commandLine().getOut().print(object.in(namespace).yaml());
    spec.commandLine().getOut().flush();
  }
}
