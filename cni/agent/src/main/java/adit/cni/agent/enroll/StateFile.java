package adit.cni.agent.enroll;

import adit.cni.plugin.JsonWriter;
import adit.cni.plugin.MeshState;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// Keeps what the plugin goes by while the agent is away: whole at any moment, also after a power
/// failure. Any thread.
public final class StateFile {
  private final Path file;

  @GuardedBy("this")
  private @Nullable MeshState written;

  @GuardedBy("this")
  private boolean ended;

  /// @param file where it is
  public StateFile(Path file) {
    this.file = file;
  }

  /// From now on, and for good, nobody is in the mesh: pods start without the agent.
  public synchronized void release() throws IOException {
    ended = true;
    replace(MeshState.unknown());
  }

  /// Takes the file away for good: nothing is written afterwards.
  public synchronized void delete() throws IOException {
    ended = true;
    Files.deleteIfExists(file);
  }

  /// Replaces the file, at once and as a whole, if its content changes or somebody took it away.
  public synchronized void write(MeshState state) throws IOException {
    if (!ended && !(state.equals(written) && Files.exists(file))) {
      replace(state);
    }
  }

  private synchronized void replace(MeshState state) throws IOException {
    Path temporary = file.resolveSibling("." + file.getFileName());
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes =
          ByteBuffer.wrap(JsonWriter.write(state.toJson()).getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      // A name that points to nothing after a power failure would let pods of the mesh start.
      channel.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    written = state;
  }
}
