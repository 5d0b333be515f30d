package adit.cni.agent.app;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// One agent for one run directory: two would take each other's sockets and rules away. The kernel
/// frees the lock when the process ends, however it ends.
final class AgentLock implements AutoCloseable {
  private static final String FILE = "adit-agent.lock";

  private final FileChannel channel;

  private AgentLock(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes the lock.
  ///
  /// @throws IOException another agent has it
  static AgentLock take(Path runDirectory) throws IOException {
    Path path = runDirectory.resolve(FILE);
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new IOException(path + ": another agent of this process runs with this directory", e);
    }
    if (lock == null) {
      channel.close();
      throw new IOException(
          path + ": another agent runs with this directory (expected: one agent on a node)");
    }
    return new AgentLock(channel);
  }

  /// Takes the file away: nobody will need it.
  static void delete(Path runDirectory) throws IOException {
    Files.deleteIfExists(runDirectory.resolve(FILE));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
