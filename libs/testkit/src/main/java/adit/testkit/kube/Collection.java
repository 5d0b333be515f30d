package adit.testkit.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The objects of one kind and what happened to them. Any thread.
final class Collection {
  private static final int LONGEST_PAST = 100_000;

  private final Revisions revisions;

  @GuardedBy("this")
  private final NavigableMap<String, ObjectNode> objects = new TreeMap<>();

  @GuardedBy("this")
  private final List<Event> past = new ArrayList<>();

  // Changes up to this one are forgotten.
  @GuardedBy("this")
  private long forgotten;

  // Watches that began before are cut.
  @GuardedBy("this")
  private int generation;

  @GuardedBy("this")
  private boolean ended;

  Collection(Revisions revisions) {
    this.revisions = revisions;
  }

  static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  private static String key(JsonNode object) {
    JsonNode meta = object.path("metadata");
    return key(meta.path("namespace").asText(), meta.path("name").asText());
  }

  /// Something that happened; a null object: the past is gone.
  record Event(long revision, String type, @Nullable ObjectNode object) {
    private static final Event GONE = new Event(0, "ERROR", null);

    boolean isFor(Selection selection) {
      return object == null || selection.holds(object);
    }

    byte[] line() {
      JsonNode about = object == null ? Change.failed(410, "Expired").answer() : object;
      return ("{\"type\":\"" + type + "\",\"object\":" + about + "}\n")
          .getBytes(StandardCharsets.UTF_8);
    }
  }

  /// Takes the text of a list.
  interface ListReceiver {
    void accept(String text) throws IOException;
  }

  synchronized @Nullable ObjectNode getOrNull(String key) {
    ObjectNode found = objects.get(key);
    return found == null ? null : found.deepCopy();
  }

  synchronized void put(ObjectNode object) {
    var _ = store(object, objects.containsKey(key(object)) ? "MODIFIED" : "ADDED");
  }

  synchronized Change create(String namespace, ObjectNode object) {
    ObjectNode meta = object.withObjectProperty("metadata");
    if (!namespace.isEmpty()) {
      meta.put("namespace", namespace);
    }
    if (!meta.has("name")) {
      meta.put("name", meta.path("generateName").asText() + UUID.randomUUID());
    }
    return objects.containsKey(key(object))
        ? Change.failed(409, "AlreadyExists")
        : new Change(201, store(object, "ADDED"));
  }

  synchronized Change replace(Path path, ObjectNode object) {
    ObjectNode before = objects.get(path.key());
    if (before == null) {
      return Change.failed(404, "NotFound");
    }
    return isOf(object, before)
        ? new Change(200, store(object, "MODIFIED"))
        : Change.failed(409, "Conflict");
  }

  synchronized Change patch(Path path, String contentType, JsonNode patch) {
    ObjectNode before = objects.get(path.key());
    boolean applied = contentType.startsWith("application/apply-patch");
    if (before == null && (!applied || !path.subresource().isEmpty())) {
      return Change.failed(404, "NotFound");
    }
    if (before == null) {
      return create(path.namespace(), ((ObjectNode) patch).deepCopy());
    }
    return isOf(patch, before)
        ? new Change(200, store((ObjectNode) merged(before, patch), "MODIFIED"))
        : Change.failed(409, "Conflict");
  }

  synchronized Change delete(String key) {
    ObjectNode gone = objects.remove(key);
    if (gone == null) {
      return Change.failed(404, "NotFound");
    }
    long revision = revisions.next();
    gone = gone.deepCopy();
    gone.withObjectProperty("metadata").put("resourceVersion", String.valueOf(revision));
    happened(new Event(revision, "DELETED", gone));
    return new Change(200, gone);
  }

  /// Whether a write was made for the very object that is there.
  private static boolean isOf(JsonNode write, ObjectNode before) {
    for (String field : List.of("uid", "resourceVersion")) {
      JsonNode wanted = write.path("metadata").path(field);
      if (wanted.isTextual() && !wanted.equals(before.path("metadata").path(field))) {
        return false;
      }
    }
    return true;
  }

  /// A merge patch (RFC 7386); conditions are merged by their type, as an apply does.
  private static JsonNode merged(JsonNode target, JsonNode patch) {
    if (!patch.isObject()) {
      return patch;
    }
    ObjectNode result =
        target instanceof ObjectNode known
            ? known.deepCopy()
            : JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> field : patch.properties()) {
      JsonNode value = field.getValue();
      if (value.isNull()) {
        result.remove(field.getKey());
      } else if (field.getKey().equals("conditions")) {
        result.set(field.getKey(), conditions(result.path("conditions"), value));
      } else {
        result.set(field.getKey(), merged(result.path(field.getKey()), value));
      }
    }
    return result;
  }

  private static ArrayNode conditions(JsonNode before, JsonNode applied) {
    Map<String, JsonNode> byType = new TreeMap<>();
    before.forEach(condition -> byType.put(condition.path("type").asText(), condition));
    applied.forEach(condition -> byType.put(condition.path("type").asText(), condition));
    return JsonNodeFactory.instance.arrayNode().addAll(byType.values());
  }

  @GuardedBy("this")
  private ObjectNode store(ObjectNode object, String type) {
    ObjectNode stored = object.deepCopy();
    ObjectNode meta = stored.withObjectProperty("metadata");
    ObjectNode before = objects.get(key(stored));
    if (!meta.has("uid")) {
      meta.put(
          "uid",
          before == null
              ? UUID.randomUUID().toString()
              : before.path("metadata").path("uid").asText());
    }
    long revision = revisions.next();
    meta.put("resourceVersion", String.valueOf(revision));
    objects.put(key(stored), stored);
    happened(new Event(revision, type, stored));
    return stored;
  }

  @GuardedBy("this")
  private void happened(Event event) {
    past.add(event);
    if (past.size() > LONGEST_PAST) {
      forgotten = past.removeFirst().revision();
    }
    notifyAll();
  }

  /// One page.
  void list(Selection selection, Map<String, String> query, ListReceiver receiver)
      throws IOException {
    StringBuilder text = new StringBuilder();
    synchronized (this) {
      int limit = Integer.parseInt(query.getOrDefault("limit", "0"));
      String from = query.getOrDefault("continue", "");
      String next = "";
      int items = 0;
      for (Map.Entry<String, ObjectNode> entry :
          (from.isEmpty() ? objects : objects.tailMap(from, false)).entrySet()) {
        if (limit > 0 && items == limit) {
          break;
        }
        if (selection.holds(entry.getValue())) {
          text.append(items == 0 ? "" : ",").append(entry.getValue());
          items++;
          next = entry.getKey();
        }
      }
      boolean more = limit > 0 && items == limit && !next.equals(objects.lastKey());
      text.insert(
          0,
          "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\""
              + revisions.last()
              + "\""
              + (more ? ",\"continue\":\"" + next + "\"" : "")
              + "},\"items\":[");
    }
    receiver.accept(text.append("]}").toString());
  }

  /// What happens after a revision.
  synchronized Watch watch(long after) {
    return new Watch(after, generation);
  }

  /// Ends all watches without a word.
  synchronized void cutWatches() {
    generation++;
    notifyAll();
  }

  /// Ends all watches with 410 and forgets what happened.
  synchronized void expire() {
    past.clear();
    forgotten = revisions.next();
    notifyAll();
  }

  /// Ends all watches for good.
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /// One watch; confined to its thread.
  final class Watch {
    private final int begun;
    private long after;

    private Watch(long after, int begun) {
      this.after = after;
      this.begun = begun;
    }

    /// Waits for what happens next; empty when the watch is over.
    List<Event> next() throws InterruptedException {
      synchronized (Collection.this) {
        while (begun == generation && !ended) {
          if (after < forgotten) {
            after = Long.MAX_VALUE;
            return List.of(Event.GONE);
          }
          List<Event> news = after == Long.MAX_VALUE ? List.of() : since(after);
          if (after == Long.MAX_VALUE) {
            return List.of();
          }
          if (!news.isEmpty()) {
            after = news.getLast().revision();
            return news;
          }
          Collection.this.wait();
        }
        return List.of();
      }
    }
  }

  @GuardedBy("this")
  private List<Event> since(long revision) {
    int first = past.size();
    while (first > 0 && past.get(first - 1).revision() > revision) {
      first--;
    }
    return List.copyOf(past.subList(first, past.size()));
  }
}
