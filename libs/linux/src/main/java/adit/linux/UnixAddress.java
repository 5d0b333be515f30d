package adit.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// `sockaddr_un` of a path.
final class UnixAddress {
  static final int AF_UNIX = 1;
  private static final int PATH_SIZE = 108;

  private UnixAddress() {}

  static MemorySegment of(Path path, Arena arena) {
    byte[] bytes = path.toString().getBytes(UTF_8);
    if (bytes.length == 0 || bytes.length >= PATH_SIZE) {
      throw new IllegalArgumentException(
          "path: "
              + path
              + " (expected: 1 to "
              + (PATH_SIZE - 1)
              + " bytes, a limit of unix sockets)");
    }
    MemorySegment address = arena.allocate(Short.BYTES + bytes.length + 1L, Short.BYTES);
    address.set(JAVA_SHORT, 0, (short) AF_UNIX);
    MemorySegment.copy(bytes, 0, address, JAVA_BYTE, Short.BYTES, bytes.length);
    return address;
  }
}
