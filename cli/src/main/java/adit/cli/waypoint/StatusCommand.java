package adit.cli.waypoint;

import adit.source.ClusterView;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `adit waypoint status`.
@Command(
    name = "status",
    description = "Tells the conditions of waypoints.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private PlaceOptions place = new PlaceOptions();

  @Option(
      names = {"-w", "--wait"},
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "wait until they are ready (${DEFAULT-VALUE})")
  private boolean wait = true;

  @Option(
      names = "--waypoint-timeout",
      paramLabel = "SECONDS",
      defaultValue = "90",
      description = "how long to wait (${DEFAULT-VALUE})")
  private int timeout = 90;

  @Parameters(paramLabel = "NAME", description = "which; none: all of the namespace")
  private List<String> names = List.of();

  /// 0 when all are ready, and no policy refuses one.
  @Override
  public Integer call() throws IOException, InterruptedException {
    try (WaypointHome home = place.open()) {
      return print(home, place.namespace(), spec.commandLine().getOut()) ? 0 : 1;
    }
  }

  boolean print(WaypointHome home, String namespace, PrintWriter out)
      throws IOException, InterruptedException {
    for (String name : names) {
      if (home.list(namespace).stream().noneMatch(one -> one.name().equals(name))) {
        throw new IOException(name + ": no waypoint of namespace " + namespace);
      }
    }
    Duration patience = wait ? Duration.ofSeconds(timeout) : Duration.ZERO;
    boolean ready =
        Readiness.await(
            home, namespace, patience, all -> chosen(all).stream().allMatch(Seen::programmed));
    Table table = new Table("NAMESPACE", "NAME", "STATUS", "TYPE", "REASON", "MESSAGE");
    for (Seen one : chosen(home.list(namespace))) {
      if (one.conditions().isEmpty()) {
        table.row(one.namespace(), one.name(), "Missing", "Programmed", "", "nothing reported yet");
      }
      for (Seen.Condition condition : one.conditions()) {
        table.row(
            one.namespace(),
            one.name(),
            condition.status(),
            condition.type(),
            condition.reason(),
            condition.message());
      }
    }
    boolean admitted = addTrapped(home, namespace, table);
    table.print(out);
    return ready && admitted;
  }

  /// Services whose workloads refuse their waypoint.
  ///
  /// @return whether there is none
  private boolean addTrapped(WaypointHome home, String namespace, Table table) throws IOException {
    boolean admitted = true;
    ClusterView view = home.view(namespace);
    for (Seen one : chosen(home.list(namespace))) {
      for (Trapped trapped :
          Trapped.by(view, home.mesh(), one.namespace(), one.name(), null, false)) {
        admitted = false;
        table.row(
            one.namespace(),
            one.name(),
            "False",
            "adit.io/WaypointAdmitted",
            "WaypointRefused",
            trapped.sentence()
                + " (adit waypoint apply --name "
                + one.name()
                + " --migrate-policies lets it in)");
      }
    }
    return admitted;
  }

  private List<Seen> chosen(List<Seen> all) {
    return all.stream().filter(one -> names.isEmpty() || names.contains(one.name())).toList();
  }
}
