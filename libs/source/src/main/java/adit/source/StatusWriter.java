package adit.source;

import adit.source.object.ObjectKey;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes back what the mesh did with an object. All methods return at once and never throw: the
/// writing is done by the writer's own thread, repeated a bounded number of times, and failures are
/// logged. Writing what is already written costs nothing.
public interface StatusWriter extends AutoCloseable {
  /// Sets (or with a null value removes) annotations of a pod.
  ///
  /// @param pod the pod
  /// @param uid the pod's uid, so that a successor with the same name is left alone; empty if
  ///   unknown
  /// @param annotations by name; a null value removes
  void patchPodAnnotations(ObjectKey pod, String uid, Map<String, @Nullable String> annotations);

  /// Sets one condition of an object under its own field manager.
  ///
  /// @param about the object
  /// @param fieldManager who owns the condition, e.g. `istio-ambient-ztunnel-policy`
  /// @param condition the condition
  void setCondition(ObjectKey about, String fieldManager, Condition condition);

  /// Removes a condition that was set under a field manager; nothing happens if it is not there.
  ///
  /// @param about the object
  /// @param fieldManager who owns the condition
  /// @param type the condition's type
  void removeCondition(ObjectKey about, String fieldManager, String type);

  /// Changes the status of an object: what is there is read, changed and, if it differs, written,
  /// again and again while others write at the same time.
  ///
  /// @param about the object
  /// @param change what is to be true of its status
  void updateStatus(ObjectKey about, StatusChange change);

  /// Says that something happened to an object. Equal events are written at most once a minute.
  ///
  /// @param about the object
  /// @param type severity
  /// @param reason one CamelCase word, e.g. `PolicyNotEnforced`
  /// @param message a sentence
  void event(ObjectKey about, EventType type, String reason, String message);

  /// Writes what is still queued, at most for a few seconds, and ends.
  @Override
  void close();

  /// Severity of an event.
  enum EventType {
    NORMAL("Normal"),
    WARNING("Warning");

    private final String text;

    EventType(String text) {
      this.text = text;
    }

    /// As Kubernetes writes it.
    public String text() {
      return text;
    }
  }

  /// A condition of an object's status.
  ///
  /// @param type e.g. `ZtunnelAccepted`
  /// @param status whether it holds
  /// @param reason one CamelCase word
  /// @param message a sentence
  /// @param observedGeneration generation of the object that was looked at, 0 if unknown
  record Condition(
      String type, boolean status, String reason, String message, long observedGeneration) {}

  /// A writer that drops everything.
  static StatusWriter none() {
    return new StatusWriter() {
      @Override
      public void patchPodAnnotations(
          ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {}

      @Override
      public void setCondition(ObjectKey about, String fieldManager, Condition condition) {}

      @Override
      public void removeCondition(ObjectKey about, String fieldManager, String type) {}

      @Override
      public void updateStatus(ObjectKey about, StatusChange change) {}

      @Override
      public void event(ObjectKey about, EventType type, String reason, String message) {}

      @Override
      public void close() {}
    };
  }
}
