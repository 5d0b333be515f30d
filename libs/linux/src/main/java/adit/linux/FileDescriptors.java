package adit.linux;

import adit.linux.Syscalls.Call;

/// Raw descriptors, as they arrive from a peer over a socket.
public final class FileDescriptors {
  private static final int F_DUPFD_CLOEXEC = 1030;

  private FileDescriptors() {}

  /// Gives the descriptor back to the kernel. Errors of close are of no use to anybody (the
  /// descriptor is gone in any case, `close(2)`), so there are none.
  public static void close(int fd) {
    Syscalls.raw(Call.CLOSE, fd, 0, 0);
  }

  /// A second descriptor of the same open file, closed on exec; the caller owns it.
  public static int dup(int fd) throws LinuxException {
    return Syscalls.checked(Syscalls.raw(Call.FCNTL, fd, F_DUPFD_CLOEXEC, 3), "duplicate fd " + fd);
  }
}
