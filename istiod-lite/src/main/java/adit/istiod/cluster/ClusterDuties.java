package adit.istiod.cluster;

import adit.source.ClusterSource;
import adit.source.ClusterView;
import adit.source.object.Kind;
import adit.telemetry.Log;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// What the leading replica keeps right in the cluster.
public final class ClusterDuties implements AutoCloseable {
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("duties").factory());
  private final Duty roots;
  private final Duty validator;
  private final RootDistribution distribution;
  private final ValidatorRegistration registration;
  private volatile Map<?, ?> namespaces = Map.of();

  /// @param client not closed by this
  /// @param namespace the control plane's own
  /// @param trusted PEM of the roots, read anew each time
  /// @param leads whether this replica writes
  public ClusterDuties(
      KubernetesClient client,
      String namespace,
      ClusterSource source,
      Supplier<String> trusted,
      BooleanSupplier leads,
      Log log) {
    roots = new Duty("root certificates", thread, leads, this::distribute, log);
    validator = new Duty("validator", thread, leads, this::register, log);
    distribution = new RootDistribution(client, source::current, trusted, roots::look, log);
    registration = new ValidatorRegistration(client, namespace, trusted, validator::look, log);
    source.subscribe(this::changed);
  }

  private int distribute() {
    return distribution.distribute();
  }

  private int register() {
    return registration.complete();
  }

  @SuppressWarnings("ReferenceEquality") // views share what did not change
  private void changed(ClusterView view) {
    Map<?, ?> now = view.all(Kind.NAMESPACE);
    if (namespaces != now) {
      namespaces = now;
      roots.look();
    }
  }

  /// The roots changed, or this replica became the leader. Any thread.
  public void look() {
    roots.look();
    validator.look();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    distribution.close();
    registration.close();
  }
}
