package adit.cli.local.supervise;

import adit.cli.local.run.Instance;
import adit.cli.local.run.Leftovers;
import adit.cli.local.run.Polling;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// That this process is the supervisor of an instance: a locked file, which the kernel unlocks when
/// the process ends in whatever way.
public final class Held implements AutoCloseable {
  private static final Duration LONGEST_END = Duration.ofSeconds(20);

  private final FileChannel channel;

  private Held(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes an instance and removes what its last supervisor has left, if that was killed.
  ///
  /// @throws IOException another supervisor has it
  public static Held take(Instance instance) throws IOException {
    long holder = holder(instance);
    if (holder > 0) {
      throw new IOException(
          "instance "
              + instance.name()
              + " runs already, as process "
              + holder
              + " (end it: adit local down)");
    }
    Leftovers.remove(instance);
    Files.createDirectories(instance.root());
    FileChannel channel =
        FileChannel.open(instance.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock == null) {
      channel.close();
      throw new IOException(
          "instance " + instance.name() + " is just being started by another process");
    }
    channel.write(
        ByteBuffer.wrap(
            Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
    return new Held(channel);
  }

  /// Ends the supervisor of an instance if there is one, and removes what is left.
  ///
  /// @return whether there was anything
  public static boolean end(Instance instance) throws IOException {
    boolean there = Files.isDirectory(instance.root());
    long holder = holder(instance);
    @Nullable ProcessHandle process = holder > 0 ? ProcessHandle.of(holder).orElse(null) : null;
    if (process != null) {
      process.destroy();
      boolean ended = Polling.until(LONGEST_END, () -> !process.isAlive());
      if (!ended) {
        process.destroyForcibly();
      }
    }
    Leftovers.removeWithYaml(instance);
    return there;
  }

  /// The process that has an instance, or 0.
  static long holder(Instance instance) throws IOException {
    Path file = instance.lock();
    if (!Files.exists(file)) {
      return 0;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return 0;
      }
    } catch (OverlappingFileLockException e) {
      // This process itself has it.
      return ProcessHandle.current().pid();
    }
    String text = Files.readString(file).strip();
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
