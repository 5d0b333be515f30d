package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import adit.linux.Syscalls.Call;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// File descriptors of this process: how many there are and may be.
public final class ProcessLimits {
  private static final int RLIMIT_NOFILE = 7;
  private static final int OF_THIS_PROCESS = 0;
  private static final Path OPEN = Path.of("/proc/self/fd");

  /// `RLIMIT_NOFILE` (`getrlimit(2)`).
  ///
  /// @param soft number of descriptors from which on opening fails with EMFILE
  /// @param hard number up to which the soft limit may be raised
  public record OpenFiles(long soft, long hard) {}

  private ProcessLimits() {}

  /// The limit in force.
  public static OpenFiles openFiles() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment old = arena.allocate(JAVA_LONG, 2);
      prlimit(MemorySegment.NULL, old, "read the limit of open files");
      return new OpenFiles(old.get(JAVA_LONG, 0), old.get(JAVA_LONG, JAVA_LONG.byteSize()));
    }
  }

  /// Raises the soft limit to the hard one; the limit in force afterwards.
  public static OpenFiles raiseOpenFiles() throws LinuxException {
    long hard = openFiles().hard();
    setOpenFiles(hard);
    return new OpenFiles(hard, hard);
  }

  /// Sets the soft limit and leaves the hard one.
  public static void setOpenFiles(long soft) throws LinuxException {
    long hard = openFiles().hard();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocateFrom(JAVA_LONG, soft, hard);
      prlimit(limit, MemorySegment.NULL, "set the limit of open files to " + soft);
    }
  }

  /// Descriptors open now.
  public static long openFileCount() throws IOException {
    try (Stream<Path> files = Files.list(OPEN)) {
      // The directory that is being read is one of them.
      return files.count() - 1;
    }
  }

  private static void prlimit(MemorySegment set, MemorySegment get, String doing)
      throws LinuxException {
    long result =
        Syscalls.raw(
            Call.PRLIMIT64, OF_THIS_PROCESS, RLIMIT_NOFILE, set.address(), get.address(), 0);
    Syscalls.checked(result, doing);
  }
}
