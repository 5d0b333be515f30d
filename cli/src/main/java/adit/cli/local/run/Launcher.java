package adit.cli.local.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Starts processes in an instance: in their network namespace, a session and a mount namespace of
/// their own, and in the instance's control group. The process id is that of the program itself,
/// because every step on the way replaces itself by the next.
public final class Launcher {
  // The group first: whatever happens after it, the process is found and ended by `down`.
  private static final String STEPS =
      """
      group=$1 hosts=$2 directory=$3; shift 3
      [ -z "$group" ] || echo 0 >"$group" || exit 126
      [ -z "$hosts" ] || mount --bind "$hosts" /etc/hosts || exit 126
      [ -z "$hosts" ] || [ ! -e /etc/resolv.conf ] || mount --bind /dev/null /etc/resolv.conf || exit 126
      cd "$directory" && exec "$@"
      """;

  private final @Nullable Cgroup group;

  /// For an instance whose directories are there.
  public Launcher(Instance instance) {
    this.group = Cgroup.openOrNull(instance);
  }

  /// Starts a process whose output goes to the end of a file.
  public Process start(Launch launch, Path log) throws IOException {
    ProcessBuilder builder = builder(launch, true);
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    return builder.start();
  }

  /// A process that is not started yet and whose output is the caller's matter.
  ///
  /// @param session whether it gets a session of its own, so that Ctrl-C does not reach it
  public ProcessBuilder builder(Launch launch, boolean session) {
    List<String> words = new ArrayList<>();
    if (session) {
      words.add("setsid");
    }
    words.addAll(List.of("nsenter", "--net=" + launch.netns().path(), "--"));
    words.addAll(
        List.of("unshare", "--mount", "--propagation", "slave", "--", "sh", "-c", STEPS, "sh"));
    words.add(group == null ? "" : group.members().toString());
    words.add(launch.hosts() == null ? "" : launch.hosts().toString());
    words.add(launch.directory().toString());
    words.addAll(launch.command());
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().clear();
    builder.environment().putAll(launch.env());
    return builder;
  }
}
