package adit.istiod.cluster;

import adit.source.ClusterView;
import adit.source.object.Namespace;
import adit.telemetry.Log;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Gives every namespace the ConfigMap `istio-ca-root-cert` with the mesh's roots: pods of proxies
/// mount it and cannot start without. Somebody else's edit or deletion is repaired.
final class RootDistribution implements AutoCloseable {
  static final String NAME = "istio-ca-root-cert";
  static final String KEY = "root-cert.pem";

  private static final Set<String> LEFT_ALONE =
      Set.of("kube-public", "kube-node-lease", "local-path-storage");
  private static final String FIELD_MANAGER = "istiod-root-cert";
  private static final int NOT_FOUND = 404;
  private static final int FORBIDDEN = 403;

  private final KubernetesClient client;
  private final Supplier<ClusterView> view;
  private final Supplier<String> roots;
  private final Log log;
  private final SharedIndexInformer<ConfigMap> present;
  private volatile boolean said;

  /// @param changed called on any thread when a copy was changed or deleted
  RootDistribution(
      KubernetesClient client,
      Supplier<ClusterView> view,
      Supplier<String> roots,
      Runnable changed,
      Log log) {
    this.client = client;
    this.view = view;
    this.roots = roots;
    this.log = log;
    present =
        client
            .configMaps()
            .inAnyNamespace()
            .withField("metadata.name", NAME)
            .runnableInformer(0)
            .exceptionHandler((_, e) -> {
              if (!said) {
                said = true;
                log.warn("copies of the roots cannot be listed", "error", e.getMessage());
              }
              return true;
            })
            .addEventHandler(new Changed<>(changed));
    var _ = present.start().whenComplete((_, _) -> changed.run());
  }

  /// Writes what is missing or different; returns how many namespaces still lack it. Writes nothing
  /// while it is not known what is there: else each start would write everywhere.
  int distribute() {
    if (!present.hasSynced()) {
      return 1;
    }
    said = false;
    String wanted = roots.get();
    int left = 0;
    for (Namespace namespace : view.get().namespaces().values()) {
      String name = namespace.meta().name();
      if (namespace.meta().deletion() == null && !LEFT_ALONE.contains(name)) {
        ConfigMap there = present.getIndexer().getByKey(name + "/" + NAME);
        boolean good =
            there != null && there.getData() != null && wanted.equals(there.getData().get(KEY));
        left += good || write(name, wanted) ? 0 : 1;
      }
    }
    return left;
  }

  private boolean write(String namespace, String wanted) {
    ConfigMap map =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(NAME)
            .withNamespace(namespace)
            .withLabels(Map.of("istio.io/config", "true"))
            .endMetadata()
            .withData(Map.of(KEY, wanted))
            .build();
    try {
      var _ =
          client
              .configMaps()
              .inNamespace(namespace)
              .resource(map)
              .patch(
                  new PatchContext.Builder()
                      .withPatchType(PatchType.SERVER_SIDE_APPLY)
                      .withFieldManager(FIELD_MANAGER)
                      .withForce(true)
                      .build());
      log.info("root certificates written", "namespace", namespace);
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == NOT_FOUND || isEnding(e)) {
        return true; // the namespace went meanwhile
      }
      log.warn("root certificates not written", "namespace", namespace, "error", e.getMessage());
      return false;
    }
  }

  private static boolean isEnding(KubernetesClientException e) {
    String message = e.getMessage();
    return e.getCode() == FORBIDDEN && message != null && message.contains("being terminated");
  }

  @Override
  public void close() {
    present.stop();
  }

  /// Says only that something changed.
  record Changed<T>(Runnable then) implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      then.run();
    }

    @Override
    public void onUpdate(T old, T object) {
      then.run();
    }

    @Override
    public void onDelete(T object, boolean unknown) {
      then.run();
    }
  }
}
