package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import adit.linux.Syscalls.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.time.Duration;

/// `ppoll(2)` on one descriptor.
final class Waiting {
  static final int POLLIN = 0x1;
  static final int POLLOUT = 0x4;
  static final int POLLHUP = 0x10;
  static final int POLLRDHUP = 0x2000;
  private static final int POLLFD_SIZE = 8;
  private static final int EVENTS_OFFSET = 4;
  private static final int REVENTS_OFFSET = 6;
  private static final long NANOS = 1_000_000_000L;

  private Waiting() {}

  /// Waits until one of `events` (or an end of the connection, which the kernel always reports) is
  /// there, and returns what is there.
  ///
  /// @throws SocketTimeoutException `timeout` has passed; its message says `doing`
  static int until(int fd, int events, Duration timeout, String doing)
      throws LinuxException, SocketTimeoutException {
    long start = System.nanoTime();
    long total = timeout.toNanos();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollfd = arena.allocate(POLLFD_SIZE, Integer.BYTES);
      MemorySegment timespec = arena.allocate(JAVA_LONG, 2);
      pollfd.set(JAVA_INT, 0, fd);
      pollfd.set(JAVA_SHORT, EVENTS_OFFSET, (short) (events | POLLRDHUP));
      while (true) {
        long left = Math.max(0, total - (System.nanoTime() - start));
        timespec.setAtIndex(JAVA_LONG, 0, left / NANOS);
        timespec.setAtIndex(JAVA_LONG, 1, left % NANOS);
        long result = Syscalls.raw(Call.PPOLL, pollfd.address(), 1, timespec.address());
        if (result == 0) {
          throw new SocketTimeoutException(
              doing + ": nothing within " + timeout.toMillis() + " ms");
        }
        if (result != -Errno.EINTR) {
          Syscalls.checked(result, doing);
          return pollfd.get(JAVA_SHORT, REVENTS_OFFSET);
        }
      }
    }
  }
}
