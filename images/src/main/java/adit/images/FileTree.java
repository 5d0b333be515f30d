package adit.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A directory whose content becomes a layer. Every file gets one and the same time, on the disk as
/// in the layer: an archive of classes remembers the times of the files that it was made from.
///
/// @param root of what will be `/` in the image
record FileTree(Path root) {
  /// What layers carry; jib's own choice.
  static final Instant TIME = Instant.ofEpochSecond(1);

  /// An empty one.
  static FileTree create(Path root) throws IOException {
    delete(root);
    Files.createDirectories(root);
    return new FileTree(root);
  }

  /// Where a path of the image is on the disk.
  ///
  /// @param inImage absolute
  Path path(String inImage) {
    return root.resolve(inImage.substring(1));
  }

  void copy(Path from, String to) throws IOException {
    Path target = parentOf(to);
    Files.copy(from, target, StandardCopyOption.REPLACE_EXISTING);
    if (Files.isExecutable(from)) {
      makeExecutable(target);
    }
  }

  void write(String to, String text) throws IOException {
    Files.writeString(parentOf(to), text);
  }

  /// A text file that the kernel can execute.
  void writeCommand(String to, String text) throws IOException {
    write(to, text);
    makeExecutable(path(to));
  }

  void directory(String path) throws IOException {
    Files.createDirectories(path(path));
  }

  boolean has(String inImage) {
    return Files.exists(path(inImage));
  }

  /// Files, in one order everywhere.
  List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /// Everything below the root, parents first, in one order everywhere.
  List<Path> entries() throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(path -> !path.equals(root)).sorted().toList();
    }
  }

  /// Gives every file the one time.
  void settle() throws IOException {
    for (Path entry : entries()) {
      Files.setLastModifiedTime(entry, FileTime.from(TIME));
    }
  }

  private Path parentOf(String to) throws IOException {
    Path target = path(to);
    Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    return target;
  }

  private static void makeExecutable(Path file) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    permissions.add(PosixFilePermission.OWNER_EXECUTE);
    permissions.add(PosixFilePermission.GROUP_EXECUTE);
    permissions.add(PosixFilePermission.OTHERS_EXECUTE);
    Files.setPosixFilePermissions(file, permissions);
  }

  /// Removes a directory with everything in it, if it is there.
  static void delete(Path tree) throws IOException {
    List<Path> paths;
    try (Stream<Path> entries = Files.walk(tree)) {
      paths = entries.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }
}
