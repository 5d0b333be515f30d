package adit.cli.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit check`.
@Command(
    name = "check",
    description =
        "Looks whether the mesh of a cluster is well; with --pre, whether a cluster can take it.",
    mixinStandardHelpOptions = true)
public final class CheckCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--pre", description = "before an installation")
  private boolean pre;

  /// 0 when nothing is bad.
  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (KubernetesClient client = MeshPlace.connect()) {
      List<CheckResult> results =
          pre ? new PreChecks(client).run() : new MeshChecks(client, Clock.systemUTC()).run();
      boolean good = true;
      for (CheckResult result : results) {
        out.println(result.lines());
        good &= result.grade() != CheckResult.Grade.BAD;
      }
      out.println();
      out.println("Status check results are " + (good ? "√" : "×"));
      return good ? 0 : 1;
    }
  }
}
