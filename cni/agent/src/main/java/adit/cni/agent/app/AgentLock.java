package adit.cni.agent.app;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// One agent for one run directory: two would take each other's sockets and rules away. The kernel
/// frees the lock when the process ends, however it ends.
final class AgentLock implements AutoCloseable {
  private final FileChannel channel;

  private AgentLock(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes the lock.
  ///
  /// @throws IOException another agent has it
  static AgentLock take(Path runDirectory) throws IOException {
    Path path = runDirectory.resolve("adit-agent.lock");
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

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
