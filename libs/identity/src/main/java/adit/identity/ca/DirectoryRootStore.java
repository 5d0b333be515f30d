package adit.identity.ca;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Two files in a directory: `ca-roots.pem` with the keys, which only the owner may read, and
/// `root-cert.pem` for everybody.
public final class DirectoryRootStore implements RootStore {
  private static final String SECRET = "ca-roots.pem";
  private static final String PUBLIC = "root-cert.pem";

  private final Path directory;

  public DirectoryRootStore(Path directory) {
    this.directory = directory;
  }

  @Override
  public @Nullable String loadOrNull() throws IOException {
    try {
      return Files.readString(directory.resolve(SECRET));
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  @Override
  public void save(String secret, String roots) throws IOException {
    Files.createDirectories(directory);
    replace(directory.resolve(SECRET), secret, "rw-------");
    replace(directory.resolve(PUBLIC), roots, "rw-r--r--");
  }

  private static void replace(Path file, String content, String mode) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    FileAttribute<Set<PosixFilePermission>> permissions =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
    // The mode is set when the file is made: the key is never readable by others, not for a moment.
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            permissions)) {
      ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(/* metaData= */ true);
    }
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    // The new name must survive a power loss too.
    try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
      directory.force(/* metaData= */ true);
    }
  }
}
