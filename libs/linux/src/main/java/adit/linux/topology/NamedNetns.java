package adit.linux.topology;

import adit.linux.LinuxException;
import adit.linux.Netns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A network namespace with a name, kept alive by a mount under `/run/netns` as `ip netns add`
/// makes it.
///
/// @param name file name there
public record NamedNetns(String name) {
  static final Path DIRECTORY = Path.of("/run/netns");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,199}");

  /// Checks the name, which becomes an argument of commands.
  public NamedNetns {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("name: " + name + " (expected: " + NAME + ")");
    }
  }

  /// Where the namespace can be opened.
  public Path path() {
    return DIRECTORY.resolve(name);
  }

  /// Whether there is such a namespace.
  public boolean exists() {
    return Files.exists(path());
  }

  /// Opens the namespace; the caller owns what it gets.
  public Netns open() throws LinuxException {
    return Netns.open(path());
  }

  /// The command that runs `command` inside the namespace, everything else (mounts, user)
  /// unchanged.
  public List<String> entering(List<String> command) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + path(), "--"));
    all.addAll(command);
    return all;
  }

  /// Ids of the processes that are in the namespace now.
  public List<Long> processes() throws IOException {
    Object inode;
    try {
      inode = Files.getAttribute(path(), "unix:ino");
    } catch (NoSuchFileException gone) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(entry -> entry.chars().allMatch(Character::isDigit))
          .filter(pid -> inode.equals(inodeOf(pid)))
          .map(Long::valueOf)
          .toList();
    }
  }

  private static Object inodeOf(String pid) {
    try {
      return Files.getAttribute(Path.of("/proc", pid, "ns", "net"), "unix:ino");
    } catch (IOException ended) {
      return 0L;
    }
  }
}
