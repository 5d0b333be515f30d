package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import adit.linux.Syscalls.Call;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;

/// A network namespace, held open by a descriptor.
///
/// [#call] runs code with the calling thread inside the namespace: what it opens there (sockets,
/// files under `/proc/sys/net`) belongs to the namespace for ever, on whatever thread it is used
/// later. Threads and processes that are *started* inside inherit the namespace, so start none
/// there. All methods may be called from any platform thread.
public final class Netns implements AutoCloseable {
  static final String OF_THIS_THREAD = "/proc/thread-self/ns/net";
  private static final int AT_FDCWD = -100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int O_CLOEXEC = 0x80000;
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int NS_GET_NSTYPE = 0xb703;
  private static final int STATX_INO = 0x100;
  private static final int STATX_SIZE = 256;
  private static final int STATX_INO_OFFSET = 32;
  private static final int STATX_DEV_MAJOR_OFFSET = 136;
  private static final int STATX_DEV_MINOR_OFFSET = 140;
  private static final int LOST = 70;

  /// Code to run inside a namespace.
  @FunctionalInterface
  public interface Body<T extends @org.jspecify.annotations.Nullable Object, X extends Exception> {
    /// Runs on the thread that called [Netns#call].
    T run() throws X;
  }

  /// Code that hands the descriptor on.
  @FunctionalInterface
  public interface Borrower<X extends Exception> {
    /// Uses the descriptor, and only until it returns.
    void use(int fd) throws X;
  }

  private final Descriptor descriptor;

  private Netns(int fd) {
    this.descriptor = new Descriptor(fd);
  }

  /// Opens a namespace by its path: `/run/netns/NAME`, `/proc/PID/ns/net`.
  public static Netns open(Path path) throws LinuxException {
    return new Netns(openReadOnly(path.toString()));
  }

  /// The namespace of the calling thread.
  public static Netns current() throws LinuxException {
    return new Netns(openReadOnly(OF_THIS_THREAD));
  }

  /// Takes over a descriptor, for example one that a peer has passed. Whether it is a network
  /// namespace at all is told by [#isNetns()].
  public static Netns ofFd(int fd) {
    return new Netns(fd);
  }

  /// The descriptor; it stays owned by this object.
  public int fd() {
    return descriptor.number();
  }

  /// Lends the descriptor: it stays what it is while `borrower` runs, even if this object is closed
  /// meanwhile. (The number that [#fd()] gives may be a stranger's after that.)
  ///
  /// @return false if this object was closed before; the borrower has not run then
  public <X extends Exception> boolean lend(Borrower<X> borrower) throws X {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (ClosedChannelException closed) {
      return false;
    }
    try {
      borrower.use(fd);
      return true;
    } finally {
      descriptor.release();
    }
  }

  /// Path under which another process of this machine can open the namespace while this object is
  /// open.
  public Path path() {
    return Path.of(
        "/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(fd()));
  }

  /// Identity of the namespace, equal for all descriptors of it.
  public NetnsId id() throws LinuxException {
    int fd = descriptor.number();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment empty = arena.allocateFrom("");
      MemorySegment statx = arena.allocate(STATX_SIZE, JAVA_LONG.byteAlignment());
      long result =
          Syscalls.raw(Call.STATX, fd, empty.address(), AT_EMPTY_PATH, STATX_INO, statx.address());
      Syscalls.checked(result, "identify network namespace fd " + fd);
      long major = statx.get(JAVA_INT, STATX_DEV_MAJOR_OFFSET);
      long minor = statx.get(JAVA_INT, STATX_DEV_MINOR_OFFSET);
      // Linux numbers devices 12 bits major, 20 bits minor, with the low 8 bits of minor first
      // (makedev(3)).
      long dev = (minor & 0xff) | (major << 8) | ((minor & ~0xffL) << 12);
      return new NetnsId(statx.get(JAVA_LONG, STATX_INO_OFFSET), dev);
    }
  }

  /// Whether the descriptor is a network namespace and not some other file.
  public boolean isNetns() {
    return Syscalls.raw(Call.IOCTL, descriptor.number(), NS_GET_NSTYPE, 0) == CLONE_NEWNET;
  }

  /// Runs `body` with the calling thread in this namespace and returns to the namespace that the
  /// thread was in, also when the body throws. Takes some microseconds, so an event loop may call
  /// it.
  ///
  /// A thread that cannot go back would open every later socket in the wrong namespace, silently;
  /// so the process ends then.
  ///
  /// @throws LinuxException the namespace could not be entered; the body has not run
  public <T extends @org.jspecify.annotations.Nullable Object, X extends Exception> T call(
      Body<T, X> body) throws X, LinuxException {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException(
          "thread: virtual (expected: a platform thread, setns is per kernel thread)");
    }
    Whereabouts thread = Whereabouts.ofThisThread();
    int before = thread.now();
    enter(thread);
    try {
      return body.run();
    } finally {
      leave(thread, before);
      descriptor.release();
    }
  }

  /// Closes the descriptor. The namespace lives on while anything else holds it.
  @Override
  public void close() {
    descriptor.close();
  }

  @Override
  public String toString() {
    return "Netns[fd=" + fd() + "]";
  }

  /// Also holds the descriptor, because a call within this one has to come back to it.
  private void enter(Whereabouts thread) throws LinuxException {
    int fd;
    try {
      fd = descriptor.acquire();
    } catch (ClosedChannelException closed) {
      throw new LinuxException(entering(), Errno.EBADF);
    }
    long result = thread.move(fd);
    if (result < 0) {
      descriptor.release();
      throw new LinuxException(entering(), (int) -result);
    }
  }

  private String entering() {
    return "enter network namespace fd " + fd();
  }

  private static void leave(Whereabouts thread, int before) {
    long result = thread.move(before);
    if (result < 0) {
      Errno errno = Errno.of((int) -result);
      die("a thread cannot return from a network namespace: " + errno.name() + ", " + errno.text());
    }
  }

  private static void die(String reason) {
    try (FileOutputStream err = new FileOutputStream(java.io.FileDescriptor.err)) {
      err.write((reason + "\n").getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      Runtime.getRuntime().halt(LOST);
    }
  }

  static int openReadOnly(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      long result =
          Syscalls.raw(Call.OPENAT, AT_FDCWD, arena.allocateFrom(path).address(), O_CLOEXEC);
      return Syscalls.checked(result, "open network namespace " + path);
    }
  }
}
