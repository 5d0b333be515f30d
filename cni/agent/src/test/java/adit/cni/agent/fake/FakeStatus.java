package adit.cni.agent.fake;

import adit.source.StatusChange;
import adit.source.StatusWriter;
import adit.source.object.ObjectKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// Remembers what was written.
public final class FakeStatus implements StatusWriter {
  /// `reason: message` of each event.
  public final List<String> events = new CopyOnWriteArrayList<>();

  /// Value of the redirection annotation by pod name; `none` after it was removed.
  public final Map<String, String> redirections = new ConcurrentHashMap<>();

  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    String value = annotations.get("ambient.istio.io/redirection");
    redirections.put(pod.name(), value == null ? "none" : value);
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    throw new AssertionError("the agent sets no conditions");
  }

  @Override
  public void removeCondition(ObjectKey about, String fieldManager, String type) {
    throw new UnsupportedOperationException("the agent removes no conditions");
  }

  @Override
  public void updateStatus(ObjectKey about, StatusChange change) {
    throw new UnsupportedOperationException("the agent has no status of its own");
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    events.add(reason + ": " + message);
  }

  @Override
  public void close() {}

  /// Whether an event with this reason was written.
  public boolean has(String reason) {
    return events.stream().anyMatch(event -> event.startsWith(reason + ":"));
  }
}
