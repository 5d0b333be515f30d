package adit.cli.local;

import adit.cli.local.supervise.StatusReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `adit local logs`.
@Command(
    name = "logs",
    description =
        "Shows what a pod or a program (istiod, ztunnel/node-a, cni-agent/node-a) has said.",
    mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {
  @Mixin private InstanceOption instance = new InstanceOption();

  @Parameters(paramLabel = "POD|PROGRAM", description = "POD, APP, NAMESPACE/POD or a program")
  private String name = "";

  @Option(names = "-f", description = "go on until Ctrl-C")
  private boolean follow;

  @Option(names = "--tail", defaultValue = "200", description = "lines (default: ${DEFAULT-VALUE})")
  private int lines = 200;

  @Override
  public Integer call() throws Exception {
    List<String> words = new ArrayList<>(List.of("tail", "-n", Integer.toString(lines)));
    if (follow) {
      words.add("-F");
    }
    words.add(file(instance.report()).toString());
    return new ProcessBuilder(words).inheritIO().start().waitFor();
  }

  private Path file(StatusReport report) throws IOException {
    for (StatusReport.ProgramStatus program : report.programs()) {
      if (program.name().equals(name)) {
        return instance.instance().log(name.replace('/', '-'));
      }
    }
    Path exact = instance.instance().log(name.replace('/', '.'));
    if (Files.exists(exact)) {
      return exact;
    }
    StatusReport.PodStatus pod = PodChoice.of(report, name);
    return instance.instance().log(pod.namespace() + "." + pod.name());
  }
}
