package adit.cli.waypoint;

import adit.cli.local.run.Instance;
import adit.cli.local.supervise.StatusReport;
import adit.source.KubernetesClients;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Which mesh a command is about, and which namespace of it.
final class PlaceOptions {
  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "the waypoint's namespace (default: the context's, or `default`)")
  private @Nullable String namespace;

  @Option(
      names = "--local",
      paramLabel = "INSTANCE",
      description = "a local mesh instead of the cluster of KUBECONFIG: its directory is changed")
  private @Nullable String local;

  /// Where waypoints are; the caller closes it.
  WaypointHome open() throws IOException {
    if (local == null) {
      return new ClusterHome(KubernetesClients.open());
    }
    Instance instance = new Instance(local);
    try {
      Path directory = Path.of(StatusReport.read(instance.statusFile()).directory());
      return new DirectoryHome(directory, instance.cluster(), instance.status());
    } catch (NoSuchFileException e) {
      throw new IOException(
          "--local: " + local + " (expected: an instance that runs: adit local up -f DIR)", e);
    }
  }

  /// The chosen namespace.
  String namespace() {
    if (namespace != null) {
      return namespace;
    }
    if (local != null) {
      return "default";
    }
    try (KubernetesClient client = KubernetesClients.open()) {
      String context = client.getNamespace();
      return context == null ? "default" : context;
    }
  }
}
