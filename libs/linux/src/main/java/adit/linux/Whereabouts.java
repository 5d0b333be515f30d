package adit.linux;

import adit.linux.Syscalls.Call;
import java.lang.ref.Cleaner;

/// The network namespace that one thread is in, by a descriptor that leads back to it.
///
/// Opening `/proc/thread-self/ns/net` costs more than entering and leaving a namespace together, so
/// each thread keeps the descriptor of its first namespace for its life.
final class Whereabouts {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final Cleaner CLEANER = Cleaner.create();
  private static final ThreadLocal<Whereabouts> OF_THREAD = new ThreadLocal<>();

  private int now;

  private Whereabouts(int home) {
    this.now = home;
  }

  /// Those of the calling thread.
  static Whereabouts ofThisThread() throws LinuxException {
    Whereabouts known = OF_THREAD.get();
    if (known == null) {
      int home = Netns.openReadOnly(Netns.OF_THIS_THREAD);
      known = new Whereabouts(home);
      CLEANER.register(known, () -> FileDescriptors.close(home));
      OF_THREAD.set(known);
    }
    return known;
  }

  /// The descriptor of the namespace in which the thread is.
  int now() {
    return now;
  }

  /// Moves the thread; 0 or the negated error number.
  long move(int fd) {
    long result = Syscalls.raw(Call.SETNS, fd, CLONE_NEWNET, 0);
    if (result >= 0) {
      now = fd;
    }
    return result;
  }
}
