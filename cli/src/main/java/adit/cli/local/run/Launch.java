package adit.cli.local.run;

import adit.linux.topology.NamedNetns;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A process to be started.
///
/// @param netns its network namespace
/// @param command program and arguments
/// @param env its whole environment
/// @param directory where it starts
/// @param hosts mounted over `/etc/hosts` for it, or null
public record Launch(
    NamedNetns netns,
    List<String> command,
    Map<String, String> env,
    Path directory,
    @Nullable Path hosts) {
  /// Copies list and map.
  public Launch {
    command = List.copyOf(command);
    env = Map.copyOf(env);
  }
}
