package adit.cli.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `adit uninstall`.
@Command(
    name = "uninstall",
    description = "Removes the mesh from a cluster; pods go on running, outside of it.",
    mixinStandardHelpOptions = true)
public final class UninstallCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Confirmation confirmation = new Confirmation();

  @Option(
      names = "--purge",
      description = "also the definitions with all policies, the CA's key and the namespace")
  private boolean purge;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "how long to wait for each component's pods to end (${DEFAULT-VALUE})")
  private int timeout;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (KubernetesClient client = MeshPlace.connect()) {
      String what =
          "This removes the mesh"
              + (purge ? ", all policies and the CA's key." : "; policies stay.");
      if (!confirmation.given(out, what)) {
        return 1;
      }
      remove(client, out);
      return 0;
    }
  }

  private void remove(KubernetesClient client, PrintWriter out) throws IOException {
    Applier applier = new Applier(client);
    Rollouts rollouts = new Rollouts(client, Duration.ofSeconds(timeout));
    Release release = Release.builtIn();
    for (Component component : Component.REMOVAL) {
      // First what runs, with its rights until it has ended: the node agent undoes its work then.
      // And nobody must be asked who is not there any more.
      List<Map<String, Object>> objects = release.of(component);
      objects.stream().filter(UninstallCommand::goesFirst).forEach(applier::delete);
      if (component != Component.CORE) {
        rollouts.awaitGone(component);
      }
      objects.stream()
          .filter(object -> !goesFirst(object) && !Trees.kind(object).equals("Namespace"))
          .forEach(applier::delete);
      if (component != Component.CORE) {
        out.println("✔ " + component.title() + " removed");
        out.flush();
      }
    }
    applier.forget();
    if (purge) {
      applier.deleteWhatIstiodMade();
      release.definitions().forEach(applier::delete);
      applier.deleteNamespace();
      out.println("✔ Uninstall complete");
    } else {
      out.println("✔ Uninstall complete; definitions, policies and the CA's key stay (--purge)");
    }
  }

  private static boolean goesFirst(Map<String, Object> object) {
    return List.of("Deployment", "DaemonSet", "ValidatingWebhookConfiguration")
        .contains(Trees.kind(object));
  }
}
