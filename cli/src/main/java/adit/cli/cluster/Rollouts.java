package adit.cli.cluster;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Waits for Deployments and DaemonSets.
///
/// @param client to the cluster
/// @param limit the longest that is waited for one
record Rollouts(KubernetesClient client, Duration limit) {
  private static final long LOOK_AGAIN_MILLIS = 500;
  private static final int MOST_REASONS = 3;

  /// Pods wanted and pods that are ready in the present version.
  record Progress(int wanted, int ready) {
    boolean done() {
      return wanted == ready;
    }
  }

  /// Waits until a component's pods are all ready.
  ///
  /// @throws IOException they are not in time; the message says what each pod waits for
  void await(Component component) throws IOException {
    if (!until(() -> isDone(component))) {
      Progress progress = progressOrNull(component);
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: %s after %d s%s",
              component.workload(),
              progress == null
                  ? "not there"
                  : progress.ready() + " of " + progress.wanted() + " pods are ready",
              limit.toSeconds(),
              reasons(component)));
    }
  }

  /// Waits until no pod of a component is left.
  void awaitGone(Component component) throws IOException {
    if (!until(() -> pods(component).isEmpty())) {
      throw new IOException(
          component.workload() + ": pods are still there after " + limit.toSeconds() + " s");
    }
  }

  private boolean until(BooleanSupplier done) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    while (!holds(done)) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw (IOException) new InterruptedIOException("interrupted").initCause(e);
      }
    }
    return true;
  }

  /// An API server that is busy, or on its way up again, is asked until the time is over.
  private static boolean holds(BooleanSupplier done) {
    try {
      return done.getAsBoolean();
    } catch (KubernetesClientException e) {
      return false;
    }
  }

  private boolean isDone(Component component) {
    Progress progress = progressOrNull(component);
    return progress != null && progress.done();
  }

  /// How far a component is; null while the cluster has not looked at its present version.
  @Nullable Progress progressOrNull(Component component) {
    return component.kind().equals("Deployment") ? deployment(component) : daemonSet(component);
  }

  private @Nullable Progress deployment(Component component) {
    Deployment it =
        client
            .apps()
            .deployments()
            .inNamespace(MeshPlace.NAMESPACE)
            .withName(component.workload())
            .get();
    if (it == null || it.getStatus() == null) {
      return null;
    }
    DeploymentStatus status = it.getStatus();
    if (!Objects.equals(status.getObservedGeneration(), it.getMetadata().getGeneration())) {
      return null;
    }
    // Until the last one of the former version has gone.
    int surplus = number(status.getReplicas()) - number(status.getUpdatedReplicas());
    int ready =
        Math.min(number(status.getUpdatedReplicas()), number(status.getAvailableReplicas()));
    return new Progress(number(it.getSpec().getReplicas()), surplus > 0 ? ready - 1 : ready);
  }

  private @Nullable Progress daemonSet(Component component) {
    DaemonSet it =
        client
            .apps()
            .daemonSets()
            .inNamespace(MeshPlace.NAMESPACE)
            .withName(component.workload())
            .get();
    if (it == null || it.getStatus() == null) {
      return null;
    }
    DaemonSetStatus status = it.getStatus();
    if (!Objects.equals(status.getObservedGeneration(), it.getMetadata().getGeneration())) {
      return null;
    }
    return new Progress(
        number(status.getDesiredNumberScheduled()),
        Math.min(number(status.getUpdatedNumberScheduled()), number(status.getNumberAvailable())));
  }

  private static int number(@Nullable Integer number) {
    return number == null ? 0 : number;
  }

  List<Pod> pods(Component component) {
    return client
        .pods()
        .inNamespace(MeshPlace.NAMESPACE)
        .withLabels(
            Map.of("app.kubernetes.io/name", component.workload(), Ownership.LABEL, Ownership.OURS))
        .list()
        .getItems();
  }

  private String reasons(Component component) {
    List<String> reasons = new ArrayList<>();
    for (Pod pod : pods(component)) {
      String reason = reason(pod);
      if (!reason.isEmpty()) {
        reasons.add("\n  " + pod.getMetadata().getName() + ": " + reason);
      }
    }
    return String.join("", reasons.isEmpty() ? notCreated(component) : reasons);
  }

  /// Why there are no pods: a quota, an admission, a missing account.
  private List<String> notCreated(Component component) {
    return client
        .v1()
        .events()
        .inNamespace(MeshPlace.NAMESPACE)
        .withField("reason", "FailedCreate")
        .list()
        .getItems()
        .stream()
        .filter(event -> isAbout(event.getInvolvedObject().getName(), component.workload()))
        .map(event -> "\n  " + event.getInvolvedObject().getKind() + ": " + event.getMessage())
        .distinct()
        .limit(MOST_REASONS)
        .toList();
  }

  /// A Deployment's ReplicaSets have its name and a hash.
  private static boolean isAbout(String name, String workload) {
    return name.equals(workload) || name.startsWith(workload + "-");
  }

  private static String reason(Pod pod) {
    for (ContainerStatus status : pod.getStatus().getContainerStatuses()) {
      if (status.getState().getWaiting() != null) {
        var waiting = status.getState().getWaiting();
        String message = waiting.getMessage();
        return waiting.getReason() + (message == null ? "" : ": " + message);
      }
      if (!Boolean.TRUE.equals(status.getReady())) {
        return "runs and is not ready: kubectl -n "
            + MeshPlace.NAMESPACE
            + " logs "
            + pod.getMetadata().getName();
      }
    }
    return pod.getStatus().getContainerStatuses().isEmpty() ? pod.getStatus().getPhase() : "";
  }
}
