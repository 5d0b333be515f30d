package adit.linux;

import adit.linux.Syscalls.Call;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// An owned descriptor that several threads use: the number is given back to the kernel only when
/// the last user has let go of it, so that a call never lands on a stranger's file with the same
/// number.
final class Descriptor {
  private static final int SHUT_RDWR = 2;

  private final int fd;
  private final AtomicBoolean closed = new AtomicBoolean();

  /// The owner counts as one, until it closes.
  private final AtomicInteger users = new AtomicInteger(1);

  Descriptor(int fd) {
    this.fd = fd;
  }

  int number() {
    return fd;
  }

  boolean isClosed() {
    return closed.get();
  }

  /// The number, valid until [#release()].
  int acquire() throws ClosedChannelException {
    while (true) {
      int now = users.get();
      if (now == 0 || closed.get()) {
        throw new ClosedChannelException();
      }
      if (users.compareAndSet(now, now + 1)) {
        return fd;
      }
    }
  }

  void release() {
    if (users.decrementAndGet() == 0) {
      FileDescriptors.close(fd);
    }
  }

  void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }

  /// Closes a socket; threads that wait for it wake up at once.
  void closeSocket() {
    if (closed.compareAndSet(false, true)) {
      Syscalls.raw(Call.SHUTDOWN, fd, SHUT_RDWR, 0);
      release();
    }
  }
}
