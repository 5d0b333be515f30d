package adit.source;

import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes status to the API server: conditions by server-side apply, annotations by merge patch on
/// `pods/status`, events as `events.k8s.io/v1`. Each write is tried five times. What is there
/// already is not written again, also not by the next process.
public final class KubernetesStatusWriter implements StatusWriter {
  private static final int ATTEMPTS = 5;
  private static final int MOST_QUEUED = 10_000;
  private static final long FIRST_PAUSE_MILLIS = 100;

  private final KubernetesClient client;
  private final Clock clock;
  private final Consumer<String> warn;
  private final ExecutorService thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MOST_QUEUED),
          Thread.ofPlatform().name("status-writer").daemon().factory());

  // These belong to the thread.
  private final KubernetesEvents events;
  private final Map<Owned, Map<String, Condition>> applied = new HashMap<>();

  private record Owned(ObjectKey about, String fieldManager) {}

  private KubernetesStatusWriter(
      KubernetesClient client, String writer, Clock clock, Consumer<String> warn) {
    this.client = client;
    this.clock = clock;
    this.warn = warn;
    this.events = new KubernetesEvents(client, writer, clock);
  }

  /// A writer through a client, which is closed with it.
  ///
  /// @param writer name of the program, the events' reporting controller
  /// @param clock for time stamps
  /// @param warn told of what could not be written
  static KubernetesStatusWriter open(
      KubernetesClient client, String writer, Clock clock, Consumer<String> warn) {
    return new KubernetesStatusWriter(client, writer, clock, warn);
  }

  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    ObjectNode patch = Json.object();
    ObjectNode meta = patch.putObject("metadata");
    if (!uid.isEmpty()) {
      // The API server refuses the patch if the pod is another one by now.
      meta.put("uid", uid);
    }
    ObjectNode target = meta.putObject("annotations");
    annotations.forEach(target::put);
    submit(
        pod,
        () -> {
          var _ =
              KubernetesKinds.unread(
                      client, KubernetesKinds.context(pod.kind()), pod.namespace(), pod.name())
                  .subresource("status")
                  .patch(PatchContext.of(PatchType.JSON_MERGE), Json.text(patch));
        });
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    submit(about, () -> apply(new Owned(about, fieldManager), condition));
  }

  private void apply(Owned owned, Condition condition) {
    Map<String, Condition> before = applied.getOrDefault(owned, Map.of());
    if (condition.equals(before.get(condition.type()))) {
      return;
    }
    // An apply says everything that its manager owns, so the other conditions go along.
    Map<String, Condition> all = new LinkedHashMap<>(before);
    all.put(condition.type(), condition);
    ObjectKey about = owned.about();
    var target = KubernetesKinds.resource(client, about.kind(), about.namespace(), about.name());
    GenericKubernetesResource present = target.get();
    if (present == null) {
      applied.remove(owned);
      return;
    }
    if (all.values().stream().allMatch(known(present)::hold)) {
      applied.put(owned, all);
    } else {
      apply(owned, all, present);
    }
  }

  private PresentConditions known(GenericKubernetesResource present) {
    return PresentConditions.of(
        client.getKubernetesSerialization().convertValue(present, JsonNode.class));
  }

  private void apply(Owned owned, Map<String, Condition> all, GenericKubernetesResource present) {
    ObjectKey about = owned.about();
    PresentConditions known = known(present);
    ObjectNode object = identified(about);
    var conditions = object.putObject("status").putArray("conditions");
    all.values().forEach(each -> conditions.add(known.json(each, clock.instant())));
    PatchContext context =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(owned.fieldManager())
            .withForce(true)
            .build();
    var _ =
        KubernetesKinds.unread(
                client, KubernetesKinds.context(about.kind()), about.namespace(), about.name())
            .subresource("status")
            .patch(context, Json.text(object));
    applied.put(owned, all);
  }

  @Override
  public void updateStatus(ObjectKey about, StatusChange change) {
    submit(about, () -> change(about, change));
  }

  /// The version that was read goes along, so that what others write meanwhile is not overwritten.
  private void change(ObjectKey about, StatusChange change) {
    var target = KubernetesKinds.resource(client, about.kind(), about.namespace(), about.name());
    GenericKubernetesResource present = target.get();
    if (present == null) {
      return;
    }
    JsonNode before =
        client.getKubernetesSerialization().convertValue(present, JsonNode.class).path("status");
    ObjectNode status = before instanceof ObjectNode there ? there.deepCopy() : Json.object();
    change.apply(status, clock.instant());
    // As text: numbers of different types would not be equal.
    if (Json.parse(Json.text(status)).equals(Json.parse(before.toString()))) {
      return;
    }
    ObjectNode patch = Json.object();
    patch.putObject("metadata").put("resourceVersion", present.getMetadata().getResourceVersion());
    patch.set("status", status);
    var _ =
        KubernetesKinds.unread(
                client, KubernetesKinds.context(about.kind()), about.namespace(), about.name())
            .subresource("status")
            .patch(PatchContext.of(PatchType.JSON_MERGE), Json.text(patch));
  }

  @Override
  public void removeCondition(ObjectKey about, String fieldManager, String type) {
    submit(about, () -> remove(new Owned(about, fieldManager), type));
  }

  /// An apply that does not name a condition of its manager's any more removes it.
  private void remove(Owned owned, String type) {
    Map<String, Condition> left = new LinkedHashMap<>(applied.getOrDefault(owned, Map.of()));
    left.remove(type);
    ObjectKey about = owned.about();
    var target = KubernetesKinds.resource(client, about.kind(), about.namespace(), about.name());
    GenericKubernetesResource present = target.get();
    if (present == null) {
      applied.remove(owned);
      return;
    }
    apply(owned, left, present);
  }

  private static ObjectNode identified(ObjectKey about) {
    ObjectNode object =
        Json.object().put("apiVersion", about.kind().apiVersion()).put("kind", about.kind().text());
    ObjectNode meta = object.putObject("metadata").put("name", about.name());
    if (!about.namespace().isEmpty()) {
      meta.put("namespace", about.namespace());
    }
    return object;
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    submit(about, () -> events.say(about, type, reason, message));
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(3, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
    client.close();
  }

  private void submit(ObjectKey about, Runnable write) {
    try {
      thread.execute(() -> attempt(about, write));
    } catch (RejectedExecutionException _) {
      warn.accept("status of " + about + ": dropped, too much is waiting or the writer is closed");
    }
  }

  private void attempt(ObjectKey about, Runnable write) {
    for (int attempt = 1; ; attempt++) {
      KubernetesClientException error = errorOrNull(write);
      if (error == null || KubernetesKinds.notFound(error)) {
        return; // written, or the object is gone
      }
      if (attempt == ATTEMPTS || !pause(FIRST_PAUSE_MILLIS << attempt)) {
        warn.accept("status of " + about + ": not written: " + error.getMessage());
        return;
      }
    }
  }

  private static @Nullable KubernetesClientException errorOrNull(Runnable write) {
    try {
      write.run();
      return null;
    } catch (KubernetesClientException e) {
      return e;
    }
  }

  private static boolean pause(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
      return true;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
