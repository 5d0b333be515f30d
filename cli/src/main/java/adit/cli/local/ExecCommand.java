package adit.cli.local;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `adit local exec`.
@Command(
    name = "exec",
    description = "Runs a command in a pod: adit local exec web -- curl http://details:8080/",
    mixinStandardHelpOptions = true)
final class ExecCommand implements Callable<Integer> {
  @Mixin private InstanceOption instance = new InstanceOption();

  @Parameters(index = "0", paramLabel = "POD", description = "POD, APP or NAMESPACE/POD")
  private String pod = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "command, after --")
  private List<String> command = List.of();

  @Override
  public Integer call() throws Exception {
    return PodCommand.of(instance.instance(), PodChoice.of(instance.report(), pod), command, false)
        .inheritIO()
        .start()
        .waitFor();
  }
}
