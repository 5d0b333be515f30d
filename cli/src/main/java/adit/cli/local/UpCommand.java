package adit.cli.local;

import adit.cli.local.run.Instance;
import adit.cli.local.supervise.Held;
import adit.cli.local.supervise.Options;
import adit.cli.local.supervise.Supervisor;
import adit.source.DirectorySource;
import adit.telemetry.LogFilter;
import adit.telemetry.LogFormat;
import adit.telemetry.LogOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit local up`.
@Command(
    name = "up",
    description =
        "Runs the objects of a directory until Ctrl-C; editing a file takes effect at once.",
    mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private InstanceOption instance = new InstanceOption();

  @Option(
      names = "-f",
      required = true,
      paramLabel = "DIR",
      description = "directory of Kubernetes YAML, watched")
  private Path directory = Path.of(".");

  @Option(
      names = "--nodes",
      defaultValue = "2",
      description = "number of nodes (default: ${DEFAULT-VALUE})")
  private int nodes = 2;

  @Option(
      names = "--ca-dir",
      paramLabel = "DIR",
      description = "where the CA keeps its root (default: inside the instance, gone with it)")
  private @Nullable Path caDirectory;

  @Option(names = "--detach", description = "return when everything is ready; end it with: down")
  private boolean detach;

  @Option(names = "--no-mesh", description = "only the pods, without the mesh's programs")
  private boolean withoutMesh;

  @Option(names = "--background", hidden = true, description = "log into the instance's directory")
  private boolean background;

  @Override
  public Integer call() throws Exception {
    Options options = options();
    return detach ? Detached.start(options, spec.commandLine().getOut()) : foreground(options);
  }

  private Integer foreground(Options options) throws IOException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (Held held = Held.take(options.instance());
        LogOutput output = log(options.instance())) {
      Supervisor supervisor =
          Supervisor.start(
              options, DirectorySource.open(List.of(options.directory())), output.scope("local"));
      Thread closing = new Thread(() -> close(supervisor, held, output, ended), "closing");
      Runtime.getRuntime().addShutdownHook(closing);
      output
          .scope("local")
          .info(
              "up", "name", options.instance().name(), "directory", options.directory().toString());
      ended.await();
    }
    return 0;
  }

  private LogOutput log(Instance chosen) throws IOException {
    if (!background) {
      return LogOutput.start(System.getenv());
    }
    Files.createDirectories(chosen.logs());
    return LogOutput.start(
        Files.newOutputStream(
            chosen.log("supervisor"), StandardOpenOption.CREATE, StandardOpenOption.APPEND),
        LogFormat.of(System.getenv()),
        LogFilter.INFO,
        Clock.systemUTC());
  }

  private void close(Supervisor supervisor, Held held, LogOutput output, CountDownLatch ended) {
    try {
      supervisor.close();
      held.close();
    } catch (IOException e) {
      output.scope("local").error("not everything could be removed", "error", e);
    }
    output.close();
    ended.countDown();
  }

  private Options options() throws IOException {
    Instance chosen = instance.instance();
    Path ca = caDirectory == null ? chosen.root().resolve("ca") : caDirectory.toAbsolutePath();
    String home = System.getenv("ADIT_HOME");
    if (home == null) {
      throw new IOException("ADIT_HOME: not set (expected: started by the script ./adit)");
    }
    if (!Files.isDirectory(directory)) {
      throw new IOException("-f: " + directory + " (expected: a directory)");
    }
    return new Options(
        chosen,
        directory.toRealPath(),
        nodes,
        ca,
        Path.of(home),
        !withoutMesh,
        Options.nodeProxy(System.getenv()));
  }
}
