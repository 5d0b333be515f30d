package adit.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The library of `nft` in this process: a transaction takes about a millisecond, of which starting
/// the program would make some tens.
///
/// Each call has a context of its own, whose netlink socket is made in the namespace that is meant.
/// The library keeps no promise about threads, so calls exclude each other. Any platform thread
/// with a stack of at least half a megabyte (the library keeps messages on it).
public final class Nftables {
  /// Lists without counters, and numbers as numbers: the options `-n` and `-s` of the program.
  private static final int PLAIN = 1 << 2 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10;

  private static final String LIBRARY = "libnftables.so.1";
  private static final long MOST_OUTPUT = 16 << 20;

  private final Library library;
  private final ReentrantLock lock = new ReentrantLock();

  /// What came of commands.
  ///
  /// @param done whether all of them were carried out; otherwise none was
  /// @param output what was listed
  /// @param error what went wrong, as the program says it
  public record Result(boolean done, String output, String error) {}

  private Nftables(Library library) {
    this.library = library;
  }

  /// The library of this machine, or null when there is none that can be loaded. One for a process
  /// is enough.
  public static @Nullable Nftables openOrNull() {
    try {
      return new Nftables(Library.load());
    } catch (IllegalArgumentException | UnsatisfiedLinkError e) {
      return null;
    }
  }

  /// Carries out commands as `nft -f` reads them: all of them or none. Blocks for as long as the
  /// kernel takes.
  ///
  /// @throws LinuxException the namespace could not be entered
  public Result run(Netns netns, String commands) throws LinuxException {
    return netns.<Result, LinuxException>call(() -> locked(commands));
  }

  private Result locked(String commands) {
    lock.lock();
    try (Arena arena = Arena.ofConfined()) {
      return library.run(arena.allocateFrom(commands));
    } finally {
      lock.unlock();
    }
  }

  /// The functions of `nftables/libnftables.h`.
  private record Library(
      MethodHandle create,
      MethodHandle free,
      MethodHandle bufferOutput,
      MethodHandle bufferError,
      MethodHandle flags,
      MethodHandle runBuffer,
      MethodHandle output,
      MethodHandle error) {

    static Library load() {
      MemoryLayout[] context = {ADDRESS};
      return new Library(
          function("nft_ctx_new", FunctionDescriptor.of(ADDRESS, JAVA_INT)),
          function("nft_ctx_free", FunctionDescriptor.ofVoid(context)),
          function("nft_ctx_buffer_output", FunctionDescriptor.of(JAVA_INT, context)),
          function("nft_ctx_buffer_error", FunctionDescriptor.of(JAVA_INT, context)),
          function("nft_ctx_output_set_flags", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT)),
          function("nft_run_cmd_from_buffer", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS)),
          function("nft_ctx_get_output_buffer", FunctionDescriptor.of(ADDRESS, context)),
          function("nft_ctx_get_error_buffer", FunctionDescriptor.of(ADDRESS, context)));
    }

    @SuppressWarnings("restricted") // This is the module that may: see ARCHITECTURE.md.
    private static MethodHandle function(String name, FunctionDescriptor shape) {
      return Linker.nativeLinker()
          .downcallHandle(
              SymbolLookup.libraryLookup(LIBRARY, Arena.global()).findOrThrow(name), shape);
    }

    Result run(MemorySegment commands) {
      try {
        MemorySegment context = (MemorySegment) create.invokeExact(0);
        if (context.address() == 0) {
          return new Result(false, "", "nftables: no context (expected: memory for one)");
        }
        try {
          return run(context, commands);
        } finally {
          free.invokeExact(context);
        }
      } catch (RuntimeException | Error failure) {
        throw failure;
      } catch (Throwable impossible) {
        throw new AssertionError("a downcall throws nothing checked", impossible);
      }
    }

    private Result run(MemorySegment context, MemorySegment commands) throws Throwable {
      int unbuffered = (int) bufferOutput.invokeExact(context);
      unbuffered |= (int) bufferError.invokeExact(context);
      if (unbuffered != 0) {
        return new Result(false, "", "nftables: no buffers (expected: memory for them)");
      }
      flags.invokeExact(context, PLAIN);
      int status = (int) runBuffer.invokeExact(context, commands);
      MemorySegment listed = (MemorySegment) output.invokeExact(context);
      MemorySegment said = (MemorySegment) error.invokeExact(context);
      return new Result(status == 0, text(listed), text(said));
    }

    @SuppressWarnings("restricted") // The library ends its buffers with a zero.
    private static String text(MemorySegment buffer) {
      return buffer.address() == 0 ? "" : buffer.reinterpret(MOST_OUTPUT).getString(0);
    }
  }
}
