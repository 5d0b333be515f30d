package adit.source;

import adit.source.object.Finding;
import adit.source.object.Kind;
import adit.source.object.KubeObject;
import adit.source.object.ObjectKey;
import adit.source.object.ObjectReader;
import adit.source.object.ObjectReader.Origin;
import adit.source.object.ObjectReader.Reading;
import adit.source.object.Problem;
import adit.source.object.SpecCheck;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The objects that an API server told of. Owned by one thread.
final class KubernetesObjects {
  private static final List<String> UNREAD_OF_CONTAINERS =
      List.of(
          "command",
          "args",
          "env",
          "envFrom",
          "livenessProbe",
          "readinessProbe",
          "startupProbe",
          "lifecycle",
          "volumeMounts",
          "resources");

  private final Map<Kind, Map<ObjectKey, KubeObject>> objects = new EnumMap<>(Kind.class);
  private final Map<ObjectKey, List<Problem>> problems = new TreeMap<>();
  private final Set<Kind> changed = EnumSet.noneOf(Kind.class);
  private final Function<JsonNode, Reading> reader;
  private ClusterView view = ClusterView.EMPTY;

  KubernetesObjects(SpecCheck check) {
    this(new ObjectReader(Origin.API_SERVER, check)::read);
  }

  KubernetesObjects(Function<JsonNode, Reading> reader) {
    this.reader = reader;
  }

  /// An object was added or changed. Returns its key, null if it has none.
  @Nullable ObjectKey put(JsonNode json) {
    ObjectKey key = ObjectReader.keyOrNull(json);
    if (key == null) {
      return null;
    }
    Reading reading = reader.apply(trimmed(key.kind(), json));
    List<Problem> found = new ArrayList<>();
    for (Finding finding : reading.findings()) {
      found.add(
          new Problem(
              finding.severity(),
              "cluster",
              0,
              key,
              finding.field(),
              finding.value(),
              finding.expected()));
    }
    List<Problem> before = found.isEmpty() ? problems.remove(key) : problems.put(key, found);
    KubeObject object = reading.object();
    // A refused object keeps its last good version.
    if (object != null) {
      KubeObject old = of(key.kind()).put(key, object);
      if (object.equals(old) && found.equals(before == null ? List.of() : before)) {
        return key;
      }
    }
    changed.add(key.kind());
    return key;
  }

  void remove(ObjectKey key) {
    of(key.kind()).remove(key);
    problems.remove(key);
    changed.add(key.kind());
  }

  /// Of a kind there is only this.
  void retain(Kind kind, Set<ObjectKey> present) {
    boolean removed = of(kind).keySet().retainAll(present);
    problems.keySet().removeIf(key -> key.kind() == kind && !present.contains(key));
    if (removed) {
      changed.add(kind);
    }
  }

  /// Nothing of the kind is left.
  void clear(Kind kind) {
    if (!of(kind).isEmpty()) {
      of(kind).clear();
      problems.keySet().removeIf(key -> key.kind() == kind);
      changed.add(kind);
    }
  }

  /// The objects as they are now, or null if nothing differs from the last call.
  @Nullable ClusterView updateOrNull() {
    Map<Kind, Map<ObjectKey, KubeObject>> next = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      next.put(kind, changed.contains(kind) ? new HashMap<>(of(kind)) : view.all(kind));
    }
    changed.clear();
    List<Problem> all = problems.values().stream().flatMap(List::stream).toList();
    ClusterView successor = view.successorOrNull(next, all);
    if (successor != null) {
      view = successor;
    }
    return successor;
  }

  private Map<ObjectKey, KubeObject> of(Kind kind) {
    return objects.computeIfAbsent(kind, _ -> new HashMap<>());
  }

  /// Drops what takes memory and nobody reads.
  private static JsonNode trimmed(Kind kind, JsonNode json) {
    if (json.path("metadata") instanceof ObjectNode meta) {
      meta.remove("managedFields");
      if (meta.path("annotations") instanceof ObjectNode annotations) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
      }
    }
    if (kind == Kind.POD) {
      for (String list : List.of("containers", "initContainers")) {
        for (JsonNode container : json.path("spec").path(list)) {
          if (container instanceof ObjectNode fields) {
            fields.remove(UNREAD_OF_CONTAINERS);
          }
        }
      }
    }
    return json;
  }
}
