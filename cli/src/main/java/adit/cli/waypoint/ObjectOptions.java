package adit.cli.waypoint;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What a waypoint is to be.
final class ObjectOptions {
  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "waypoint",
      description = "name of the waypoint (${DEFAULT-VALUE})")
  private String name = "waypoint";

  @Option(
      names = "--for",
      paramLabel = "TRAFFIC",
      description = "what it serves: all, none, service or workload")
  private @Nullable String traffic;

  @Option(
      names = {"-r", "--revision"},
      paramLabel = "REVISION",
      description = "revision of the control plane that looks after it")
  private @Nullable String revision;

  WaypointObject in(@Nullable String namespace) {
    return new WaypointObject(namespace, name, traffic, revision);
  }
}
