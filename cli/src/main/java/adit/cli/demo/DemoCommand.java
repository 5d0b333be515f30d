package adit.cli.demo;

import adit.cli.demo.stage.PodProgram;
import adit.cli.demo.stage.Stage;
import adit.cli.demo.stage.UserYaml;
import adit.cli.demo.step.Findings;
import adit.cli.local.Detached;
import adit.cli.local.run.Instance;
import adit.cli.local.supervise.Held;
import adit.cli.local.supervise.Options;
import adit.linux.topology.Fabric;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit demo`.
@Command(
    name = "demo",
    description = "Runs a mesh on this machine and measures what it promises; 0 if all steps held.",
    mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
  private static final double NANOS_PER_SECOND = 1e9;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--keep", description = "leave the mesh running at the end")
  private boolean keep;

  @Option(
      names = "--name",
      defaultValue = "demo",
      description = "name of the instance (default: ${DEFAULT-VALUE}); several run side by side")
  private String name = "demo";

  @Option(names = "--json", description = "print the results as JSON")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    long start = System.nanoTime();
    PrintWriter out = spec.commandLine().getOut();
    Narrator narrator = new Narrator(json ? new PrintWriter(new StringWriter()) : out);
    narrator.opening();
    Story story = new Story(narrator::told);
    Options options = options();
    Thread undo = new Thread(() -> undo(options, null), "undo");
    Runtime.getRuntime().addShutdownHook(undo);
    tell(story, options);
    Runtime.getRuntime().removeShutdownHook(undo);
    boolean held = story.records().stream().allMatch(StepRecord::held);
    double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
    narrator.closing(held, seconds);
    if (json) {
      out.println(
          new ObjectMapper()
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(
                  Map.of("held", held, "seconds", seconds, "steps", story.records())));
      out.flush();
    }
    return held ? 0 : 1;
  }

  private void tell(Story story, Options options) throws IOException, InterruptedException {
    Path sample = options.home().resolve("samples/bookshop/mesh");
    StringWriter said = new StringWriter();
    undo(options, null);
    UserYaml yaml = UserYaml.copy(sample, options.directory());
    if (Detached.start(options, new PrintWriter(said, true)) != 0) {
      var _ =
          story.run("The mesh starts", findings -> findings.check(false, said.toString().strip()));
    } else {
      try (Stage stage = new Stage(options, yaml)) {
        story.run(stage);
        endFlows(story, stage);
      }
    }
    if (keep) {
      var _ = story.run("The mesh goes on running (--keep)", findings -> kept(findings, options));
    } else {
      var _ = story.run("Nothing is left behind", findings -> undo(options, findings));
    }
  }

  private static void endFlows(Story story, Stage stage) throws InterruptedException {
    var _ =
        story.run(
            "The flows that were open before the label lived through all of this",
            findings -> {
              for (PodProgram flow : stage.flows()) {
                String last = flow.stop();
                findings.check(last.contains("\"broken\":false"), last);
              }
            });
  }

  private static void kept(Findings findings, Options options) {
    String name = " --name " + options.instance().name();
    findings.did("edit " + options.directory() + " and see");
    findings.did("adit local status" + name);
    findings.did("adit local exec" + name + " web -- curl -s http://details:8080/");
    findings.did("adit local logs" + name + " ztunnel/node-a");
    findings.did("adit local down" + name);
    findings.show("running");
  }

  private static void undo(Options options, @Nullable Findings findings) {
    try {
      Held.end(options.instance());
      boolean files = Files.exists(options.instance().root()) || Files.exists(options.directory());
      int left = Fabric.leftovers(options.instance().prefix()).size();
      if (findings != null) {
        findings.did("adit local down");
        findings.check(
            left == 0 && !files,
            "network namespaces left: " + left + "; files: " + (files ? "there" : "gone"));
      }
    } catch (IOException e) {
      if (findings != null) {
        findings.check(false, "not everything could be removed: " + e.getMessage());
      }
    }
  }

  private Options options() throws IOException {
    String home = System.getenv("ADIT_HOME");
    if (home == null) {
      throw new IOException("ADIT_HOME: not set (expected: started by the script ./adit)");
    }
    Instance instance = new Instance(name);
    Path ca = instance.root().resolve("ca");
    List<String> nodeProxy = Options.nodeProxy(System.getenv());
    return new Options(instance, instance.ownYaml(), 2, ca, Path.of(home), true, nodeProxy);
  }
}
