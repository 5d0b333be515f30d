package adit.source;

import adit.source.object.ObjectKey;
import java.time.Clock;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Writes status to the API server: conditions by server-side apply, annotations by merge patch on
/// `pods/status`, events as `events.k8s.io/v1`.
public final class KubernetesStatusWriter implements StatusWriter {
  private KubernetesStatusWriter() {}

  /// A writer for the API server of `KUBECONFIG`, or of the pod that this runs in.
  ///
  /// @param writer name of the program, the events' reporting controller
  /// @param clock for time stamps
  /// @param warn told of what could not be written
  public static KubernetesStatusWriter open(String writer, Clock clock, Consumer<String> warn) {
    return new KubernetesStatusWriter();
  }

  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public void close() {}
}
