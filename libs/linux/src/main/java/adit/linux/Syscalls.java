package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The one door to the kernel: libc's `syscall(2)`, so that the whole module costs one downcall
/// handle.
///
/// Building a handle takes milliseconds and each shape of arguments needs its own, which would be
/// felt in the start time of every program. The structures used here (`msghdr`, `pollfd`, `statx`,
/// socket options) have the same layout on every 64-bit Linux; only the numbers of the calls differ
/// by architecture.
final class Syscalls {
  /// A system call and its number on x86_64 and on the architectures that use the generic table.
  enum Call {
    READ(0, 63),
    WRITE(1, 64),
    CLOSE(3, 57),
    IOCTL(16, 29),
    SOCKET(41, 198),
    CONNECT(42, 203),
    SENDMSG(46, 211),
    RECVMSG(47, 212),
    SHUTDOWN(48, 210),
    BIND(49, 200),
    LISTEN(50, 201),
    SETSOCKOPT(54, 208),
    GETSOCKOPT(55, 209),
    FCNTL(72, 25),
    MADVISE(28, 233),
    OPENAT(257, 56),
    PPOLL(271, 73),
    ACCEPT4(288, 242),
    PRLIMIT64(302, 261),
    SETNS(308, 268),
    STATX(332, 291);

    private final long x86;
    private final long generic;

    Call(long x86, long generic) {
      this.x86 = x86;
      this.generic = generic;
    }

    private long number() {
      return Native.X86 ? x86 : generic;
    }
  }

  private Syscalls() {}

  /// Makes the call; a negative result is the negated error number.
  static long raw(Call call, long a, long b, long c, long d, long e) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.STATE);
      long result = (long) Native.SYSCALL.invokeExact(state, call.number(), a, b, c, d, e);
      return result >= 0 ? result : -(long) (int) Native.ERRNO.get(state, 0L);
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable impossible) {
      throw new AssertionError("a downcall throws nothing checked", impossible);
    }
  }

  static long raw(Call call, long a, long b, long c) {
    return raw(call, a, b, c, 0, 0);
  }

  /// Makes the call and repeats it while a signal interrupts it.
  static long restarting(Call call, long a, long b, long c, long d, long e) {
    long result = raw(call, a, b, c, d, e);
    while (result == -Errno.EINTR) {
      result = raw(call, a, b, c, d, e);
    }
    return result;
  }

  /// The result, or the error as an exception that begins with `doing`.
  static int checked(long result, String doing) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(doing, (int) -result);
    }
    return (int) result;
  }

  /// The handle, built when the first call is made.
  private static final class Native {
    static final boolean X86 = "amd64".equals(System.getProperty("os.arch"));
    static final StructLayout STATE = Linker.Option.captureStateLayout();
    static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    static final MethodHandle SYSCALL = bind();

    @SuppressWarnings("restricted") // This is the module that may: see ARCHITECTURE.md.
    private static MethodHandle bind() {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1),
          Linker.Option.captureCallState("errno"));
    }
  }

  /// Reads one `int` of a segment.
  static int intAt(MemorySegment segment, long offset) {
    return segment.get(JAVA_INT, offset);
  }
}
