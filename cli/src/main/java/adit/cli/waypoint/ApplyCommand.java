package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.object.Gateway;
import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
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

  @Option(
      names = "--migrate-policies",
      description =
          "copy policies that would refuse the waypoint to the services, and let it in; waits until it is ready")
  private boolean migrate;

  @Option(names = "--keep-policies", description = "apply it even though policies would refuse it")
  private boolean keep;

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
    Migration migration = migration(home, waypoint, namespace);
    home.apply(waypoint);
    out.println("✅ waypoint " + namespace + "/" + waypoint.name() + " applied");
    boolean waits = wait || !migration.policies().isEmpty();
    boolean ready = !waits || awaitReady(home, waypoint, namespace, out);
    if (ready) {
      // Not before: a policy for a service without a waypoint refuses everybody.
      apply(home, migration, out);
    }
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

  /// What is to be done so that policies do not refuse the waypoint; nothing if they do not.
  ///
  /// @throws IOException they would, and the user has not said what to do about it
  private Migration migration(WaypointHome home, WaypointObject waypoint, String namespace)
      throws IOException {
    if (keep) {
      return new Migration(List.of(), List.of());
    }
    ClusterView view = home.view(namespace);
    List<Trapped> trapped =
        Trapped.by(view, home.mesh(), namespace, waypoint.name(), waypoint.traffic(), enroll);
    if (trapped.isEmpty()) {
      return new Migration(List.of(), List.of());
    }
    Gateway gateway = view.gateways().get(ObjectKey.of(Kind.GATEWAY, namespace, waypoint.name()));
    String principal = home.mesh().principal(namespace, Trapped.account(gateway, waypoint.name()));
    Migration migration = Migration.of(view, trapped, waypoint.name(), principal);
    if (!migrate) {
      throw new IOException(explained(trapped, principal));
    }
    if (!migration.byHand().isEmpty()) {
      throw new IOException(
          "nothing was changed, because these have to be written by hand, with targetRefs:\n  "
              + String.join("\n  ", migration.byHand())
              + "\nand "
              + principal
              + " has to be allowed at the workloads; then --keep-policies");
    }
    return migration;
  }

  private static String explained(List<Trapped> trapped, String principal) {
    return "nothing was changed: policies of layer 4 would refuse the waypoint, and with it every request.\n  "
        + String.join("\n  ", trapped.stream().map(Trapped::sentence).toList())
        + "\nThey allow clients, and what arrives at the workloads behind a waypoint is the waypoint: "
        + principal
        + "\n  --migrate-policies   copies them to the services, where the waypoint enforces them, and lets it in"
        + "\n  --keep-policies      applies the waypoint all the same";
  }

  private static void apply(WaypointHome home, Migration migration, PrintWriter out)
      throws IOException {
    for (Map<String, Object> policy : migration.policies()) {
      home.apply(policy);
      if (policy.get("metadata") instanceof Map<?, ?> meta) {
        out.println("✅ policy " + meta.get("namespace") + "/" + meta.get("name") + " applied");
      }
    }
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
