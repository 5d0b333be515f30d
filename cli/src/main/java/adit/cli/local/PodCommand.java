package adit.cli.local;

import adit.cli.local.run.Instance;
import adit.cli.local.run.Launch;
import adit.cli.local.run.Launcher;
import adit.cli.local.supervise.StatusReport;
import adit.linux.topology.NamedNetns;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A command to be run in a pod, as a container of it would run it.
public final class PodCommand {
  private PodCommand() {}

  /// Not started yet; input and output are the caller's matter.
  ///
  /// @param session whether it is kept from the terminal's Ctrl-C
  public static ProcessBuilder of(
      Instance instance, StatusReport.PodStatus pod, List<String> command, boolean session) {
    Map<String, String> env = new HashMap<>(System.getenv());
    Path home = Path.of(System.getenv().getOrDefault("ADIT_HOME", "."));
    env.merge(
        "PATH", home.resolve("samples/bin").toString(), (path, samples) -> samples + ":" + path);
    env.put("HOSTNAME", pod.name());
    env.put("JAVA_HOME", System.getProperty("java.home"));
    Launch launch =
        new Launch(
            new NamedNetns(String.valueOf(Path.of(pod.netns()).getFileName())),
            command,
            env,
            Path.of("").toAbsolutePath(),
            instance.hosts().resolve(pod.namespace() + "." + pod.name()));
    return new Launcher(instance).builder(launch, session);
  }
}
