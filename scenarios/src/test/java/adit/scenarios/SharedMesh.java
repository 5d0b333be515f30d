package adit.scenarios;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Two nodes for all test classes that leave a mesh as they found it: a start of two JVMs is what
/// costs most here.
///
/// @param mesh the mesh
/// @param left first node
/// @param right second node
record SharedMesh(Mesh mesh, MeshNode left, MeshNode right) implements AutoCloseable {
  /// Bounds of waiting that a test can wait for.
  private static final Map<String, String> IMPATIENT =
      Map.of(
          "ADIT_HANDSHAKE_TIMEOUT", "5s",
          "ADIT_FIRST_REQUEST_TIMEOUT", "5s",
          "ADIT_MISSING_POLICY_GRACE", "3s",
          "AUTHZ_POLICY_INFO_LOGGING", "true");

  private static SharedMesh start() {
    try {
      return start(Mesh.create("two"));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the mesh did not start", e);
    }
  }

  private static SharedMesh start(Mesh mesh) throws IOException, InterruptedException {
    @Nullable SharedMesh started = null;
    try {
      MeshNode left = mesh.addNode("left", IMPATIENT);
      started = new SharedMesh(mesh, left, mesh.addNode("right", IMPATIENT));
      return started;
    } finally {
      if (started == null) {
        mesh.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    mesh.close();
  }

  /// Gives the mesh to constructors and methods; it is closed after the last test of all.
  static final class Extension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == SharedMesh.class;
    }

    @Override
    public SharedMesh resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(SharedMesh.class))
          .computeIfAbsent(SharedMesh.class, _ -> start(), SharedMesh.class);
    }
  }
}
