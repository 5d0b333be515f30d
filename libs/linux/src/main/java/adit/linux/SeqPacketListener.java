package adit.linux;

import adit.linux.Syscalls.Call;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/// A Unix SEQPACKET socket that waits for connections at a path.
///
/// Calls block the calling platform thread; [#close()] from another thread wakes it.
public final class SeqPacketListener implements AutoCloseable {
  private static final int BACKLOG = 16;

  private final Path path;
  private final Descriptor descriptor;

  private SeqPacketListener(Path path, Descriptor descriptor) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /// Listens at `path`. A socket file that a former process has left there is replaced; any other
  /// file is an error.
  ///
  /// @param mode permissions of the socket file, for example `0600`
  public static SeqPacketListener bind(Path path, int mode) throws IOException {
    if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
      Files.delete(path);
    }
    Descriptor descriptor = SeqPacketSocket.socket();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = UnixAddress.of(path, arena);
      int fd = descriptor.number();
      Syscalls.checked(
          Syscalls.raw(Call.BIND, fd, address.address(), address.byteSize()), "bind " + path);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(symbolic(mode)));
      Syscalls.checked(Syscalls.raw(Call.LISTEN, fd, BACKLOG, 0), "listen on " + path);
    } catch (IOException | RuntimeException e) {
      descriptor.close();
      throw e;
    }
    return new SeqPacketListener(path, descriptor);
  }

  /// The next connection; the caller owns it.
  ///
  /// @throws SocketTimeoutException nobody connected within `timeout`
  /// @throws ClosedChannelException this listener was closed
  public SeqPacketSocket accept(Duration timeout) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    int fd = descriptor.acquire();
    try {
      while (true) {
        Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        Waiting.until(fd, Waiting.POLLIN, left, "accept on " + path);
        long result = Syscalls.restarting(Call.ACCEPT4, fd, 0, 0, SeqPacketSocket.SOCK_FLAGS, 0);
        if (descriptor.isClosed()) {
          if (result >= 0) {
            FileDescriptors.close((int) result);
          }
          throw new ClosedChannelException();
        }
        if (result != -Errno.EAGAIN) {
          int accepted = Syscalls.checked(result, "accept on " + path);
          return new SeqPacketSocket(path, new Descriptor(accepted));
        }
      }
    } finally {
      descriptor.release();
    }
  }

  /// Stops listening and removes the socket file.
  @Override
  public void close() {
    if (!descriptor.isClosed()) {
      descriptor.closeSocket();
      try {
        Files.deleteIfExists(path);
      } catch (IOException left) {
        // The next bind replaces the file; there is nothing better to do with it.
        return;
      }
    }
  }

  private static String symbolic(int mode) {
    String letters = "rwxrwxrwx";
    StringBuilder text = new StringBuilder(letters.length());
    for (int i = 0; i < letters.length(); i++) {
      boolean set = (mode >> (letters.length() - 1 - i) & 1) == 1;
      text.append(set ? letters.charAt(i) : '-');
    }
    return text.toString();
  }
}
