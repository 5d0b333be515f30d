package adit.cli.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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

  /// 0 when it is gone.
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

  void remove(KubernetesClient client, PrintWriter out) throws IOException {
    Applier applier = new Applier(client);
    Rollouts rollouts = new Rollouts(client, Duration.ofSeconds(timeout));
    // Quotas are there on some platforms only; what is not there is not missed.
    Release release = Release.builtIn().withQuotas();
    for (Component component : Component.REMOVAL) {
      // First what runs, with its rights until it has ended: the node agent undoes its work then.
      // And nobody must be asked who is not there any more.
      List<Map<String, Object>> objects = release.of(component);
      long gone = delete(applier, objects.stream().filter(UninstallCommand::goesFirst), out);
      if (component != Component.CORE) {
        rollouts.awaitGone(component);
      }
      gone +=
          delete(
              applier,
              objects.stream()
                  .filter(object -> !goesFirst(object) && !Trees.kind(object).equals("Namespace")),
              out);
      if (component != Component.CORE) {
        out.println(
            gone > 0
                ? "✔ " + component.title() + " removed"
                : "- " + component.title() + " was not there");
        out.flush();
      }
    }
    applier.forget();
    if (Ownership.foreignInPlace(client).isEmpty()) {
      applier.deleteLease();
    }
    List<String> others = Ownership.foreign(client);
    if (others.isEmpty()) {
      applier.deleteRoots();
      out.println("✔ Uninstall complete" + (purge ? purge(applier, release, out) : stays(applier)));
    } else {
      // Its policies would go with the definitions, its pods need the roots; perhaps it signs with
      // this key.
      out.println(
          "✔ Uninstall complete; another mesh is here ("
              + String.join(", ", others)
              + "), so these stay: definitions, policies, root certificates, the CA's key, Namespace "
              + MeshPlace.NAMESPACE);
    }
  }

  /// Deletes what is ours and names what is not.
  ///
  /// @return how many objects were deleted
  private static long delete(
      Applier applier, Stream<Map<String, Object>> objects, PrintWriter out) {
    return objects
        .filter(object -> {
          Applier.Deletion deletion = applier.delete(object);
          if (deletion == Applier.Deletion.NOT_OURS) {
            out.println("- " + Trees.reference(object) + " is not Adit's and stays");
          }
          return deletion == Applier.Deletion.DELETED;
        })
        .count();
  }

  private static String purge(Applier applier, Release release, PrintWriter out) {
    applier.deleteKey();
    Stream<Map<String, Object>> namespaces =
        release.objects().stream().filter(object -> Trees.kind(object).equals("Namespace"));
    var _ = delete(applier, Stream.concat(release.definitions().stream(), namespaces), out);
    return "";
  }

  private static String stays(Applier applier) {
    return "; these stay: definitions and policies, Namespace "
        + MeshPlace.NAMESPACE
        + (applier.hasKey() ? " with Secret istio-ca-secret (the CA's key)" : "")
        + "; --purge takes them too";
  }

  private static boolean goesFirst(Map<String, Object> object) {
    return List.of("Deployment", "DaemonSet", "ValidatingWebhookConfiguration")
        .contains(Trees.kind(object));
  }
}
