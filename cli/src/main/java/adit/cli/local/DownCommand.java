package adit.cli.local;

import adit.cli.local.supervise.Held;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `adit local down`.
@Command(
    name = "down",
    description = "Ends an instance and removes everything of it.",
    mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private InstanceOption instance = new InstanceOption();

  @Override
  public Integer call() throws Exception {
    boolean there = Held.end(instance.instance());
    spec.commandLine().getOut().println(there ? "ended, nothing is left" : "there was nothing");
    return 0;
  }
}
