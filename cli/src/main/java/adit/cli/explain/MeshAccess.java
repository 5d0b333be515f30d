package adit.cli.explain;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/// The operators' pages of the mesh's programs.
sealed interface MeshAccess extends AutoCloseable permits LocalMesh, ClusterMesh {
  /// A page of the control plane.
  ///
  /// @param path `/debug/ambientz`
  JsonNode istiod(String path) throws IOException;

  /// The last refusals of a node's proxy.
  ///
  /// @param node its name
  /// @throws IOException there is no such proxy, or it does not answer
  JsonNode refusals(String node) throws IOException;

  @Override
  void close() throws IOException;
}
