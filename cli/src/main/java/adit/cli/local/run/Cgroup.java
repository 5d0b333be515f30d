package adit.cli.local.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The control group that all processes of an instance are in, so that all of them can be ended at
/// once whatever they have become.
///
/// @param directory of the group in a mounted cgroup2 file system
public record Cgroup(Path directory) {
  private static final Duration LONGEST_END = Duration.ofSeconds(5);

  /// Makes the group, or returns null where there is no writable cgroup2 (the processes are then
  /// found by their network namespaces).
  static @Nullable Cgroup openOrNull(Instance instance) {
    Cgroup group = locateOrNull(instance);
    if (group == null) {
      return null;
    }
    try {
      Files.createDirectories(group.directory);
      return group;
    } catch (IOException e) {
      return null;
    }
  }

  /// The group of an instance, made or not, or null where there is no cgroup2.
  static @Nullable Cgroup locateOrNull(Instance instance) {
    try {
      return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
          .map(line -> line.split(" "))
          .filter(words -> words.length > 2 && words[2].equals("cgroup2"))
          .map(words -> new Cgroup(Path.of(words[1], instance.prefix())))
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  /// The file that takes the ids of processes that join.
  Path members() {
    return directory.resolve("cgroup.procs");
  }

  /// Kills everything inside and removes the group.
  void end() throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    Files.writeString(directory.resolve("cgroup.kill"), "1");
    Polling.until(LONGEST_END, () -> Files.readString(members()).isBlank());
    Files.delete(directory);
  }
}
