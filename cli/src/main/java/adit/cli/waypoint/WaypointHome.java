package adit.cli.waypoint;

import adit.source.ClusterView;
import adit.source.admit.OrderTrap;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where waypoints are declared: a cluster, or the directory of a local mesh.
sealed interface WaypointHome extends AutoCloseable permits ClusterHome, DirectoryHome {
  /// A mesh whose installation changed none of this, and local mode.
  OrderTrap.Mesh USUAL = new OrderTrap.Mesh("cluster.local", "istio-system", "default");

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

  /// What policies and services there are; of pods those of one namespace.
  ClusterView view(String namespace) throws IOException;

  /// What is the same for the whole mesh.
  OrderTrap.Mesh mesh() throws IOException;

  /// Makes a policy, or changes it.
  ///
  /// @param policy with `metadata` that names it
  void apply(Map<String, Object> policy) throws IOException;

  /// Makes a namespace use a waypoint of its own.
  void enroll(String namespace, String waypoint) throws IOException;

  @Override
  void close() throws IOException;
}
