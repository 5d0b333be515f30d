package adit.istiod.cluster;

import adit.istiod.gateway.WaypointObjects;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Watches what was made for gateways, and the overlays that it is made with, so that what somebody
/// deletes or changes is made again.
final class MadeObjects implements AutoCloseable {
  static final String DEFAULTS = "gateway.istio.io/defaults-for-class";

  private final List<SharedIndexInformer<?>> informers = new ArrayList<>();
  private final Runnable changed;

  /// @param client not closed by this
  /// @param namespace with the overlays of classes
  /// @param changed called on any thread
  MadeObjects(KubernetesClient client, String namespace, Runnable changed) {
    this.changed = changed;
    watch(
        client
            .apps()
            .deployments()
            .inAnyNamespace()
            .withLabel(WaypointObjects.MANAGED, WaypointObjects.MANAGER));
    watch(
        client
            .serviceAccounts()
            .inAnyNamespace()
            .withLabel(WaypointObjects.MANAGED, WaypointObjects.MANAGER));
    watch(client.configMaps().inNamespace(namespace).withLabel(DEFAULTS));
  }

  private <T extends HasMetadata> void watch(FilterWatchListDeletable<T, ?, ?> objects) {
    SharedIndexInformer<T> informer =
        objects
            .runnableInformer(0)
            .exceptionHandler((_, _) -> true)
            .addEventHandler(new SpecChanged<T>(changed));
    informers.add(informer);
    var _ = informer.start();
  }

  @Override
  public void close() {
    informers.forEach(SharedIndexInformer::stop);
  }

  /// Status comes and goes; only what was asked for counts.
  private record SpecChanged<T extends HasMetadata>(Runnable then)
      implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      then.run();
    }

    @Override
    public void onUpdate(T old, T object) {
      Long before = old.getMetadata().getGeneration();
      Long after = object.getMetadata().getGeneration();
      if (after == null || !Objects.equals(before, after)) {
        then.run();
      }
    }

    @Override
    public void onDelete(T object, boolean unknown) {
      then.run();
    }
  }
}
