package adit.cli.waypoint;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `adit waypoint delete`.
@Command(name = "delete", description = "Removes waypoints.", mixinStandardHelpOptions = true)
final class DeleteCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private PlaceOptions place = new PlaceOptions();

  @Option(names = "--all", description = "all of the namespace")
  private boolean all;

  @Option(
      names = {"-r", "--revision"},
      paramLabel = "REVISION",
      description = "all of the namespace that are of a revision")
  private @Nullable String revision;

  @Parameters(paramLabel = "NAME", description = "which")
  private List<String> names = List.of();

  @Override
  public Integer call() throws IOException {
    try (WaypointHome home = place.open()) {
      delete(home, place.namespace(), spec.commandLine().getOut());
      return 0;
    }
  }

  void delete(WaypointHome home, String namespace, PrintWriter out) throws IOException {
    boolean many = all || revision != null;
    if (many == !names.isEmpty()) {
      throw new IOException("expected: names, or --all, or --revision");
    }
    List<Seen> there = home.list(namespace);
    for (String name : names) {
      if (there.stream().noneMatch(one -> one.name().equals(name))) {
        throw new IOException(name + ": no waypoint of namespace " + namespace);
      }
    }
    for (Seen one : there) {
      boolean chosen =
          names.isEmpty()
              ? revision == null || one.revision().equals(revision)
              : names.contains(one.name());
      if (chosen) {
        home.delete(one);
        out.println("waypoint " + one.namespace() + "/" + one.name() + " deleted");
      }
    }
    out.flush();
  }
}
