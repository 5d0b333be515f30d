package adit.cli.local.run;

import adit.linux.topology.Fabric;
import adit.linux.topology.NamedNetns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Removes everything of an instance: what `down` does at its end, and what `up` does first in case
/// the last supervisor was killed.
public final class Leftovers {
  private static final Duration LONGEST_END = Duration.ofSeconds(5);

  private Leftovers() {}

  /// Ends its processes, removes its namespaces (with them go links, routes and rules) and its
  /// files. The directory of the CA's root, if the user named one, stays.
  public static void remove(Instance instance) throws IOException {
    Cgroup group = Cgroup.locateOrNull(instance);
    if (group != null) {
      group.end();
    }
    for (NamedNetns netns : Fabric.leftovers(instance.prefix())) {
      endProcesses(netns);
    }
    Fabric.remove(instance.prefix());
    delete(instance.root());
    removeIfEmpty(Instance.all());
  }

  /// As [#remove], with the YAML that was made for the instance.
  public static void removeWithYaml(Instance instance) throws IOException {
    delete(instance.ownYaml());
    remove(instance);
  }

  /// Kills every process in a network namespace and waits for their end.
  static void endProcesses(NamedNetns netns) throws IOException {
    Polling.until(
        LONGEST_END,
        () -> {
          List<ProcessHandle> inside =
              netns.processes().stream().flatMap(pid -> ProcessHandle.of(pid).stream()).toList();
          inside.forEach(ProcessHandle::destroyForcibly);
          return inside.isEmpty();
        });
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static void removeIfEmpty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      if (entries.findAny().isPresent()) {
        return;
      }
    } catch (NoSuchFileException e) {
      return;
    }
    Files.deleteIfExists(directory);
  }
}
