package adit.source;

import adit.source.StatusWriter.EventType;
import adit.source.object.ObjectKey;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Events of `events.k8s.io/v1`. One cause has one event, named after it, so that a repetition (by
/// the next process, too) counts instead of filling `kubectl describe`. Owned by one thread.
final class KubernetesEvents {
  private static final int CONFLICT = 409;
  private static final int LONGEST_NAME = 200;
  private static final int LONGEST_NOTE = 1024;
  private static final ResourceDefinitionContext EVENTS =
      new ResourceDefinitionContext.Builder()
          .withGroup("events.k8s.io")
          .withVersion("v1")
          .withKind("Event")
          .withPlural("events")
          .withNamespaced(true)
          .build();

  private final KubernetesClient client;
  private final String writer;
  private final Clock clock;
  private final RecentEvents recent;

  KubernetesEvents(KubernetesClient client, String writer, Clock clock) {
    this.client = client;
    this.writer = writer;
    this.clock = clock;
    this.recent = new RecentEvents(clock);
  }

  void say(ObjectKey about, EventType type, String reason, String message) {
    String cause = about + "|" + reason + "|" + message;
    if (!recent.isNew(cause)) {
      return;
    }
    try {
      write(about, type, reason, message);
    } catch (KubernetesClientException e) {
      recent.forget(cause); // so that the next attempt says it
      throw e;
    }
  }

  private void write(ObjectKey about, EventType type, String reason, String message) {
    String uid = uidOrNull(about);
    String namespace = about.namespace().isEmpty() ? "default" : about.namespace();
    String name = name(about, uid + reason + message);
    ObjectNode event = Json.object().put("apiVersion", "events.k8s.io/v1").put("kind", "Event");
    event.putObject("metadata").put("name", name).put("namespace", namespace);
    event
        .put("eventTime", now())
        .put("type", type.text())
        .put("reason", reason)
        .put("action", reason)
        .put("note", message.length() > LONGEST_NOTE ? message.substring(0, LONGEST_NOTE) : message)
        .put("reportingController", "adit.io/" + writer)
        .put("reportingInstance", writer);
    ObjectNode regarding =
        event
            .putObject("regarding")
            .put("apiVersion", about.kind().apiVersion())
            .put("kind", about.kind().text())
            .put("name", about.name())
            .put("namespace", about.namespace());
    // Without the uid `kubectl describe` does not show it.
    if (uid != null) {
      regarding.put("uid", uid);
    }
    try {
      create(namespace, event);
    } catch (KubernetesClientException e) {
      if (e.getCode() != CONFLICT) {
        throw e;
      }
      repeat(namespace, name);
    }
  }

  private void create(String namespace, ObjectNode event) {
    var _ =
        client
            .genericKubernetesResources(EVENTS)
            .inNamespace(namespace)
            .resource(
                client
                    .getKubernetesSerialization()
                    .convertValue(event, GenericKubernetesResource.class))
            .create();
  }

  private void repeat(String namespace, String name) {
    ObjectNode patch = Json.object();
    patch.putObject("series").put("count", recent.times(name) + 1).put("lastObservedTime", now());
    var _ =
        KubernetesKinds.unread(client, EVENTS, namespace, name)
            .patch(PatchContext.of(PatchType.JSON_MERGE), Json.text(patch));
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS).toString();
  }

  private static String name(ObjectKey about, String cause) {
    CRC32C crc = new CRC32C();
    crc.update(cause.getBytes(StandardCharsets.UTF_8));
    String name = about.name();
    return (name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name)
        + "."
        + Long.toHexString((crc.getValue() << 32) | (cause.hashCode() & 0xFFFFFFFFL));
  }

  /// Null: the object is gone, or may not be read.
  private @Nullable String uidOrNull(ObjectKey about) {
    try {
      GenericKubernetesResource object =
          KubernetesKinds.resource(client, about.kind(), about.namespace(), about.name()).get();
      return object == null ? null : object.getMetadata().getUid();
    } catch (KubernetesClientException e) {
      if (e.getCode() == 0) {
        throw e;
      }
      return null;
    }
  }
}
