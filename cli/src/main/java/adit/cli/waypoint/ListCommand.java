package adit.cli.waypoint;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit waypoint list`.
@Command(name = "list", description = "Lists waypoints.", mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private PlaceOptions place = new PlaceOptions();

  @Option(
      names = {"-A", "--all-namespaces"},
      description = "those of all namespaces")
  private boolean all;

  @Override
  public Integer call() throws IOException {
    try (WaypointHome home = place.open()) {
      print(home, place.namespace(), spec.commandLine().getOut());
      return 0;
    }
  }

  void print(WaypointHome home, String namespace, PrintWriter out) throws IOException {
    List<Seen> found = home.list(all ? null : namespace);
    if (found.isEmpty()) {
      out.println("No waypoints found.");
      out.flush();
      return;
    }
    Table table =
        all
            ? new Table("NAMESPACE", "NAME", "REVISION", "TRAFFIC TYPE", "PROGRAMMED")
            : new Table("NAME", "REVISION", "TRAFFIC TYPE", "PROGRAMMED");
    for (Seen one : found) {
      String revision = one.revision().isEmpty() ? "default" : one.revision();
      if (all) {
        table.row(one.namespace(), one.name(), revision, one.trafficType(), one.programmedText());
      } else {
        table.row(one.name(), revision, one.trafficType(), one.programmedText());
      }
    }
    table.print(out);
  }
}
