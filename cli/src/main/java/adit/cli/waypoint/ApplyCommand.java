package adit.cli.waypoint;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit waypoint apply`.
@Command(
    name = "apply",
    description = "Declares a waypoint, and with --enroll-namespace lets its namespace use it.",
    mixinStandardHelpOptions = true)
final class ApplyCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private PlaceOptions place = new PlaceOptions();
  @Mixin private ObjectOptions object = new ObjectOptions();

  @Option(
      names = "--enroll-namespace",
      description = "label the namespace: all of its services go through the waypoint")
  private boolean enroll;

  @Option(
      names = "--overwrite",
      description = "with --enroll-namespace: also when the namespace uses another waypoint")
  private boolean overwrite;

  @Option(
      names = {"-w", "--wait"},
      description = "wait until the waypoint is ready, at most 90 s")
  private boolean wait;

  /// 0 when it was applied, and is ready if that was to be waited for.
  @Override
  public Integer call() throws IOException, InterruptedException {
    try (WaypointHome home = place.open()) {
      return apply(home, place.namespace(), spec.commandLine().getOut()) ? 0 : 1;
    }
  }

  boolean apply(WaypointHome home, String namespace, PrintWriter out)
      throws IOException, InterruptedException {
    WaypointObject waypoint = object.in(namespace);
    Map<String, String> labels = home.labels(namespace);
    if (labels == null) {
      throw new IOException("--namespace: " + namespace + " (expected: a namespace that exists)");
    }
    String used = labels.getOrDefault(WaypointObject.USE, waypoint.name());
    if (enroll && !overwrite && !used.equals(waypoint.name())) {
      throw new IOException(
          "namespace "
              + namespace
              + " uses the waypoint "
              + used
              + " already (--overwrite changes it to "
              + waypoint.name()
              + ")");
    }
    home.apply(waypoint);
    out.println("✅ waypoint " + namespace + "/" + waypoint.name() + " applied");
    boolean ready = !wait || awaitReady(home, waypoint, namespace, out);
    if (ready && enroll) {
      home.enroll(namespace, waypoint.name());
      out.println(
          "✅ namespace "
              + namespace
              + " labeled with \""
              + WaypointObject.USE
              + ": "
              + waypoint.name()
              + "\"");
    }
    if (enroll && !"ambient".equals(labels.get("istio.io/dataplane-mode"))) {
      out.println(
          "Warning: namespace "
              + namespace
              + " is not in the mesh: label it istio.io/dataplane-mode=ambient");
    }
    out.flush();
    return ready;
  }

  private static boolean awaitReady(
      WaypointHome home, WaypointObject waypoint, String namespace, PrintWriter out)
      throws IOException, InterruptedException {
    boolean ready =
        Readiness.await(
            home,
            namespace,
            PATIENCE,
            all ->
                all.stream()
                    .anyMatch(one -> one.name().equals(waypoint.name()) && one.programmed()));
    out.println(
        ready
            ? "✅ waypoint " + namespace + "/" + waypoint.name() + " is ready"
            : "❌ waypoint "
                + namespace
                + "/"
                + waypoint.name()
                + " is not ready after "
                + PATIENCE.toSeconds()
                + " s: adit waypoint status tells why");
    return ready;
  }
}
