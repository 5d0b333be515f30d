package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.DirectorySource;
import adit.source.admit.OrderTrap;
import adit.source.object.Gateway;
import adit.source.object.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The directory of YAML that a local mesh runs. Every waypoint gets a file of its own, and so does
/// a label; what the user has written is not touched.
///
/// @param directory the user's
/// @param cluster what local mode writes for the API server
/// @param status what the control plane reports
record DirectoryHome(Path directory, Path cluster, Path status) implements WaypointHome {
  @Override
  public List<Seen> list(@Nullable String namespace) throws IOException {
    return view().gateways().values().stream()
        .filter(gateway -> gateway.className().equals(WaypointObject.CLASS))
        .filter(gateway -> namespace == null || gateway.meta().namespace().equals(namespace))
        .map(DirectoryHome::seen)
        .sorted(Comparator.comparing(Seen::namespace).thenComparing(Seen::name))
        .toList();
  }

  private ClusterView view() throws IOException {
    try (DirectorySource source = DirectorySource.open(List.of(directory, cluster, status))) {
      return source.current();
    }
  }

  /// An address is given when an endpoint is ready, which is what Programmed means.
  private static Seen seen(Gateway gateway) {
    boolean ready = !gateway.addresses().isEmpty();
    var programmed =
        ready
            ? new Seen.Condition("Programmed", "True", "Programmed", "")
            : new Seen.Condition(
                "Programmed", "False", "AddressNotAssigned", "no pod of it is ready yet");
    String traffic = gateway.meta().label(WaypointObject.FOR);
    return new Seen(
        gateway.meta().namespace(),
        gateway.meta().name(),
        gateway.meta().label(WaypointObject.REVISION),
        traffic.isEmpty() ? "none" : traffic,
        List.of(programmed));
  }

  @Override
  public void apply(WaypointObject waypoint) throws IOException {
    String namespace = waypoint.namespace();
    Path file = file(namespace == null ? "default" : namespace, waypoint.name());
    boolean foreign =
        !Files.exists(file)
            && list(namespace).stream().anyMatch(one -> one.name().equals(waypoint.name()));
    if (foreign) {
      throw new IOException(
          waypoint.name() + ": written in another file (expected: " + file.getFileName() + ")");
    }
    write(file, waypoint.yaml());
  }

  @Override
  public void delete(Seen waypoint) throws IOException {
    Path file = file(waypoint.namespace(), waypoint.name());
    if (!Files.deleteIfExists(file)) {
      throw new IOException(
          waypoint.name() + ": written in another file (expected: " + file.getFileName() + ")");
    }
  }

  @Override
  public @Nullable Map<String, String> labels(String namespace) throws IOException {
    Namespace there = view().namespaceOrNull(namespace);
    return there == null ? null : there.meta().labels();
  }

  @Override
  public ClusterView view(String namespace) throws IOException {
    return view();
  }

  @Override
  public OrderTrap.Mesh mesh() {
    return USUAL;
  }

  @Override
  public void apply(Map<String, Object> policy) throws IOException {
    if (!(policy.get("metadata") instanceof Map<?, ?> meta)) {
      throw new IllegalArgumentException("metadata: not there (expected: of a policy)");
    }
    write(
        directory.resolve("policy-" + meta.get("namespace") + "." + meta.get("name") + ".yaml"),
        WaypointObject.yaml(policy));
  }

  @Override
  public void enroll(String namespace, String waypoint) throws IOException {
    write(
        directory.resolve("namespace-" + namespace + ".waypoint.patch.yaml"),
        WaypointObject.yaml(
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Namespace",
                "metadata",
                Map.of("name", namespace, "labels", Map.of(WaypointObject.USE, waypoint)))));
  }

  private Path file(String namespace, String name) {
    return directory.resolve("waypoint-" + namespace + "." + name + ".yaml");
  }

  /// As a whole: the directory is watched.
  private static void write(Path file, String text) throws IOException {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
    Files.writeString(temporary, text);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() {}
}
