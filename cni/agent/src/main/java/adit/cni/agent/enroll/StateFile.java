package adit.cni.agent.enroll;

import adit.cni.plugin.JsonWriter;
import adit.cni.plugin.MeshState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Keeps what the plugin goes by while the agent is away. One writer.
public final class StateFile {
  private final Path file;
  private MeshState written = MeshState.unknown();
  private boolean exists;

  /// @param file where it is
  public StateFile(Path file) {
    this.file = file;
  }

  /// Takes the file away.
  public void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  /// Replaces the file, at once and as a whole, if its content changes.
  public void write(MeshState state) throws IOException {
    if (exists && state.equals(written)) {
      return;
    }
    Path temporary = file.resolveSibling("." + file.getFileName());
    Files.writeString(temporary, JsonWriter.write(state.toJson()));
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    written = state;
    exists = true;
  }
}
