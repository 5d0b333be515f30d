package adit.cli.waypoint;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where waypoints are declared: a cluster, or the directory of a local mesh.
sealed interface WaypointHome extends AutoCloseable permits ClusterHome, DirectoryHome {
  /// Waypoints by namespace and name.
  ///
  /// @param namespace null for all
  List<Seen> list(@Nullable String namespace) throws IOException;

  /// Declares one, or changes it.
  void apply(WaypointObject waypoint) throws IOException;

  /// Removes one.
  void delete(Seen waypoint) throws IOException;

  /// Labels of a namespace; null when there is none of this name.
  @Nullable Map<String, String> labels(String namespace) throws IOException;

  /// Makes a namespace use a waypoint of its own.
  void enroll(String namespace, String waypoint) throws IOException;

  @Override
  void close() throws IOException;
}
