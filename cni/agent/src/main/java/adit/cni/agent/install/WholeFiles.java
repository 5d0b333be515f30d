package adit.cni.agent.install;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Files that others read while they are replaced: a reader sees the former content or the new one,
/// and so does the next boot after a power failure.
final class WholeFiles {
  /// Runtimes read files by their ending and so do not see this one.
  private static final String TEMPORARY = ".adit-tmp-";

  private WholeFiles() {}

  /// Replaces a file, or makes it. A failure (a full disk) leaves the former content.
  ///
  /// @param mode as `rw-r--r--`
  static void write(Path file, String content, Set<PosixFilePermission> mode) throws IOException {
    write(
        file,
        content,
        mode,
        temporary -> Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE));
  }

  /// Makes a file unless there is one, whoever makes it meanwhile.
  ///
  /// @param mode as `rw-r--r--`
  static void writeNew(Path file, String content, Set<PosixFilePermission> mode)
      throws IOException {
    try {
      write(file, content, mode, temporary -> Files.createLink(file, temporary));
    } catch (FileAlreadyExistsException e) {
      // As good as ours, or better.
      return;
    }
  }

  /// Gives a file its name.
  private interface Naming {
    void name(Path temporary) throws IOException;
  }

  private static void write(Path file, String content, Set<PosixFilePermission> mode, Naming naming)
      throws IOException {
    Path temporary = Files.createTempFile(directory(file), TEMPORARY, "");
    try {
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(temporary, mode);
      naming.name(temporary);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /// Writes what is buffered of a file to the disk.
  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static Set<PosixFilePermission> mode(String text) {
    return PosixFilePermissions.fromString(text);
  }

  /// What an agent left that was killed while it wrote.
  static void deleteLeftovers(Path directory) throws IOException {
    List<Path> left;
    try (Stream<Path> entries = Files.list(directory)) {
      left = entries.filter(entry -> entry.getFileName().toString().startsWith(TEMPORARY)).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path path : left) {
      delete(path);
    }
  }

  static Path temporaryDirectory(Path directory) throws IOException {
    return Files.createTempDirectory(directory, TEMPORARY);
  }

  /// Deletes a file or a tree; that there is none is fine.
  static void delete(Path tree) throws IOException {
    List<Path> paths;
    try (Stream<Path> entries = Files.walk(tree)) {
      paths = entries.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path path : paths) {
      Files.deleteIfExists(path);
    }
  }

  private static Path directory(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("file: " + file + " (expected: one in a directory)");
    }
    return parent;
  }
}
