package adit.source;

import adit.source.object.Kind;
import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The cluster of an API server, through informers. Objects are cut down to what the mesh reads as
/// they arrive. Deployments and service accounts stay empty: nobody in a cluster reads them here.
public final class KubernetesSource implements ClusterSource {
  private static final long QUIET_MILLIS = 50;
  private static final long LOOK_AGAIN_SECONDS = 30;

  private final KubernetesClient client;
  private final Selection selection;
  private final Consumer<String> warn;
  private final Announcer announcer = new Announcer();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("source").daemon().factory());

  // These three belong to the thread.
  private final KubernetesObjects objects = new KubernetesObjects();
  private final Set<Kind> listed = EnumSet.noneOf(Kind.class);
  private boolean publishing;

  private final Set<Kind> toldMissing = EnumSet.noneOf(Kind.class);

  @GuardedBy("informers")
  private final Map<Kind, SharedIndexInformer<GenericKubernetesResource>> informers =
      new EnumMap<>(Kind.class);

  private KubernetesSource(KubernetesClient client, Selection selection, Consumer<String> warn) {
    this.client = client;
    this.selection = selection;
    this.warn = warn;
  }

  /// Starts watching the API server of `KUBECONFIG`, or of the pod that this runs in. Returns at
  /// once; the source becomes complete when every kind has been listed. A kind that the API server
  /// does not know (its CRD is missing) counts as empty, is told to `warn` once, and is looked for
  /// again.
  ///
  /// @param selection what is watched
  /// @param warn told what an operator should read
  public static KubernetesSource open(Selection selection, Consumer<String> warn) {
    return open(new KubernetesClientBuilder().build(), selection, warn);
  }

  /// Starts watching through a client, which is closed with the source.
  static KubernetesSource open(
      KubernetesClient client, Selection selection, Consumer<String> warn) {
    KubernetesSource source = new KubernetesSource(client, selection, warn);
    for (Kind kind : selection.kinds()) {
      source.thread.execute(() -> source.watch(kind));
    }
    return source;
  }

  @Override
  public ClusterView current() {
    return announcer.current();
  }

  @Override
  public boolean complete() {
    return announcer.complete();
  }

  @Override
  public void subscribe(Consumer<ClusterView> subscriber) {
    announcer.subscribe(subscriber);
  }

  @Override
  public void close() {
    announcer.close();
    thread.shutdownNow();
    synchronized (informers) {
      informers.values().forEach(SharedIndexInformer::stop);
      informers.clear();
    }
    client.close();
  }

  private void watch(Kind kind) {
    var all = client.genericKubernetesResources(KubernetesKinds.context(kind));
    SharedIndexInformer<GenericKubernetesResource> informer =
        kind.namespaced()
            ? ofThisNode(kind, all.inAnyNamespace()).runnableInformer(0)
            : all.runnableInformer(0);
    // The records are ours; the informer keeps what it needs to know what is new.
    informer.itemStore(new NamesOnly());
    informer.addEventHandler(new Handler(kind));
    informer.exceptionHandler((_, error) -> !KubernetesKinds.notFound(error));
    synchronized (informers) {
      informers.put(kind, informer);
    }
    var _ = informer.start().whenComplete((_, error) -> submit(() -> started(kind, error)));
    var _ = informer.stopped().whenComplete((_, error) -> submit(() -> stopped(kind, error)));
  }

  private FilterWatchListDeletable<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      ofThisNode(
          Kind kind,
          FilterWatchListDeletable<
                  GenericKubernetesResource,
                  GenericKubernetesResourceList,
                  Resource<GenericKubernetesResource>>
              all) {
    return kind == Kind.POD && !selection.node().isEmpty()
        ? all.withField("spec.nodeName", selection.node())
        : all;
  }

  private void started(Kind kind, @Nullable Throwable error) {
    if (error == null) {
      listed.add(kind);
      publishSoon();
    }
  }

  /// An informer ends only when the API server does not know its kind.
  private void stopped(Kind kind, @Nullable Throwable error) {
    if (toldMissing.add(kind)) {
      warn.accept(
          kind.apiVersion()
              + " "
              + kind.text()
              + ": not known to the API server, counts as empty"
              + (error instanceof KubernetesClientException e ? " (" + e.getMessage() + ")" : ""));
    }
    listed.add(kind);
    publishSoon();
    var _ = thread.schedule(() -> watch(kind), LOOK_AGAIN_SECONDS, TimeUnit.SECONDS);
  }

  private void publishSoon() {
    if (!publishing) {
      publishing = true;
      var _ = thread.schedule(this::publish, QUIET_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void publish() {
    publishing = false;
    if (!listed.containsAll(selection.kinds())) {
      return;
    }
    ClusterView view = objects.updateOrNull();
    if (view != null) {
      announcer.publish(view);
    } else if (!announcer.complete()) {
      announcer.publish(ClusterView.EMPTY);
    }
  }

  private void submit(Runnable work) {
    try {
      thread.execute(work);
    } catch (RejectedExecutionException _) {
      // Closed meanwhile: nobody is interested any more.
    }
  }

  private final class Handler implements ResourceEventHandler<GenericKubernetesResource> {
    private final Kind kind;
    private final KubernetesSerialization json = client.getKubernetesSerialization();

    Handler(Kind kind) {
      this.kind = kind;
    }

    @Override
    public void onAdd(GenericKubernetesResource resource) {
      put(resource);
    }

    @Override
    public void onUpdate(GenericKubernetesResource old, GenericKubernetesResource resource) {
      put(resource);
    }

    @Override
    public void onDelete(GenericKubernetesResource resource, boolean unknown) {
      var meta = resource.getMetadata();
      String namespace = meta.getNamespace() == null ? "" : meta.getNamespace();
      ObjectKey key = ObjectKey.of(kind, namespace, meta.getName());
      submit(() -> {
        objects.remove(key);
        publishSoon();
      });
    }

    private void put(GenericKubernetesResource resource) {
      resource.setApiVersion(kind.apiVersion());
      resource.setKind(kind.text());
      JsonNode tree = json.convertValue(resource, JsonNode.class);
      submit(() -> {
        objects.put(tree);
        publishSoon();
      });
    }
  }
}
