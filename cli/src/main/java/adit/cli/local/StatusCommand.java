package adit.cli.local;

import adit.cli.local.run.Instance;
import adit.cli.local.supervise.StatusReport;
import adit.source.ClusterView;
import adit.source.DirectorySource;
import adit.source.object.Pod;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit local status`.
@Command(
    name = "status",
    description = "Shows programs and pods, and which pods are in the mesh.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private InstanceOption instance = new InstanceOption();

  @Option(names = "--json", description = "as JSON")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    StatusReport report = instance.report();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.print(Files.readString(instance.instance().statusFile()));
      out.flush();
    } else {
      print(out, report, view(instance.instance(), report));
    }
    return report.settled() ? 0 : 1;
  }

  /// The cluster as the control plane sees it.
  private static ClusterView view(Instance instance, StatusReport report) {
    try (DirectorySource source =
        DirectorySource.open(
            List.of(Path.of(report.directory()), instance.cluster(), instance.status()))) {
      return source.current();
    }
  }

  private static void print(PrintWriter out, StatusReport report, ClusterView view) {
    out.println(
        (report.settled() ? "ready" : "not ready")
            + ", supervisor "
            + report.pid()
            + ", from "
            + report.directory());
    out.println();
    line(out, "PROGRAM", "PID", "READY", "RESTARTS", "");
    for (StatusReport.ProgramStatus program : report.programs()) {
      line(
          out,
          program.name(),
          program.pid() == 0 ? "-" : Long.toString(program.pid()),
          program.ready() ? "yes" : "no",
          Integer.toString(program.restarts()),
          "");
    }
    out.println();
    line(out, "POD", "NODE", "READY", "RESTARTS", "MESH", "ADDRESS");
    for (StatusReport.PodStatus pod : report.pods()) {
      Pod object = view.podOrNull(pod.namespace(), pod.name());
      String mesh = object == null ? "" : object.meta().annotation("ambient.istio.io/redirection");
      line(
          out,
          pod.namespace() + "/" + pod.name(),
          pod.node(),
          pod.phase().equals("Running") ? (pod.ready() ? "yes" : "no") : pod.phase(),
          Integer.toString(pod.restarts()),
          mesh.isEmpty() ? "-" : mesh,
          pod.addresses().isEmpty() ? "" : pod.addresses().getFirst());
    }
    for (String problem : report.problems()) {
      out.println(problem);
    }
    out.flush();
  }

  private static void line(PrintWriter out, String name, String... cells) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-44s", name));
    for (String cell : cells) {
      line.append(String.format(Locale.ROOT, " %-11s", cell));
    }
    out.println(line.toString().stripTrailing());
  }
}
