package adit.cli.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit install` and `adit upgrade`.
@Command(
    name = "install",
    aliases = "upgrade",
    description = "Installs the mesh on a cluster, or brings an installation to what is asked for.",
    mixinStandardHelpOptions = true)
public final class InstallCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Confirmation confirmation = new Confirmation();

  @Option(
      names = {"-s", "--set"},
      paramLabel = "KEY=VALUE",
      description = "a value, by its name in the charts: hub, tag, cni.cniConfDir, ...")
  private List<String> set = new ArrayList<>();

  @Option(names = "--dry-run", description = "print the objects and change nothing")
  private boolean dryRun;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "300",
      description = "how long to wait for each component (${DEFAULT-VALUE})")
  private int timeout;

  /// 0 when everything is installed and ready.
  @Override
  public Integer call() throws IOException {
    try (KubernetesClient client = MeshPlace.connect()) {
      return run(client, spec.commandLine().getOut());
    }
  }

  int run(KubernetesClient client, PrintWriter out) throws IOException {
    Platform platform = Platform.of(client.nodes().list());
    List<String> words = words(client);
    Release release = platform == Platform.GKE ? Release.builtIn().withQuotas() : Release.builtIn();
    Settings.of(platform, words).change(release.objects());
    if (dryRun) {
      print(release, out);
      return 0;
    }
    CheckResult others = new PreChecks(client).others();
    if (others.grade() == CheckResult.Grade.BAD) {
      throw new IOException(others.lines());
    }
    out.println(
        "Platform: " + platform.title() + ", " + client.getKubernetesVersion().getGitVersion());
    GatewayApi.of(client).advice().forEach(out::println);
    if (!confirmation.given(out, "This installs the mesh in " + MeshPlace.NAMESPACE + ".")) {
      return 1;
    }
    install(client, release, words, out);
    return 0;
  }

  /// What was chosen before, and over it what is chosen now.
  private List<String> words(KubernetesClient client) {
    List<String> words = new ArrayList<>(new Applier(client).remembered());
    words.addAll(set);
    return words;
  }

  private void install(
      KubernetesClient client, Release release, List<String> words, PrintWriter out)
      throws IOException {
    Applier applier = new Applier(client);
    Rollouts rollouts = new Rollouts(client, Duration.ofSeconds(timeout));
    for (Map<String, Object> definition : release.definitions()) {
      if (!applier.createIfAbsent(definition)) {
        out.println("- " + Trees.name(definition) + " is there already and stays as it is");
      }
    }
    for (Component component : Component.values()) {
      for (Map<String, Object> object : release.of(component)) {
        if (Trees.kind(object).equals("Namespace")) {
          applier.applyNamespace(object);
        } else {
          applier.apply(object);
        }
      }
      if (component == Component.CORE) {
        applier.remember(words);
      } else {
        rollouts.await(component);
      }
      out.println(component.installedLine());
      out.flush();
    }
    out.println("✔ Installation complete");
    out.println("Next: kubectl label namespace default istio.io/dataplane-mode=ambient");
  }

  private static void print(Release release, PrintWriter out) {
    for (List<Map<String, Object>> objects : List.of(release.definitions(), release.objects())) {
      for (Map<String, Object> object : objects) {
        out.print("---\n" + Trees.text(object));
      }
    }
    out.flush();
  }
}
