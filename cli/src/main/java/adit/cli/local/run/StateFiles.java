package adit.cli.local.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/// Keeps a directory equal to a map of files. A reader sees the old or the new content of a file,
/// never a part. Used by one thread.
public final class StateFiles {
  private final Path directory;
  private final Map<String, String> written = new HashMap<>();

  /// Files of this directory, which is made when it is missing.
  public StateFiles(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /// Writes what is new or different and deletes what is gone.
  ///
  /// @param wanted content by file name
  public void become(Map<String, String> wanted) throws IOException {
    for (Map.Entry<String, String> file : wanted.entrySet()) {
      if (!file.getValue().equals(written.get(file.getKey()))) {
        replace(directory.resolve(file.getKey()), file.getValue());
        written.put(file.getKey(), file.getValue());
      }
    }
    for (String name : Map.copyOf(written).keySet()) {
      if (!wanted.containsKey(name)) {
        Files.deleteIfExists(directory.resolve(name));
        written.remove(name);
      }
    }
  }

  /// Replaces a file by renaming a complete one over it.
  public static void replace(Path file, String content) throws IOException {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
    Files.writeString(temporary, content);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /// Writes into a file that stays the same file, because it is mounted over another one somewhere.
  public static void overwrite(Path file, String content) throws IOException {
    Files.writeString(
        file,
        content,
        StandardOpenOption.CREATE,
        StandardOpenOption.WRITE,
        StandardOpenOption.TRUNCATE_EXISTING);
  }
}
