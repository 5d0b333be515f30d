package adit.istiod.cluster;

import adit.source.StatusChange;
import adit.source.StatusWriter;
import adit.source.object.ObjectKey;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Writes only while this replica is the leader.
public record LeadersStatus(StatusWriter writer, BooleanSupplier leads) implements StatusWriter {
  @Override
  public void patchPodAnnotations(
      ObjectKey pod, String uid, Map<String, @Nullable String> annotations) {
    if (leads.getAsBoolean()) {
      writer.patchPodAnnotations(pod, uid, annotations);
    }
  }

  @Override
  public void setCondition(ObjectKey about, String fieldManager, Condition condition) {
    if (leads.getAsBoolean()) {
      writer.setCondition(about, fieldManager, condition);
    }
  }

  @Override
  public void removeCondition(ObjectKey about, String fieldManager, String type) {
    if (leads.getAsBoolean()) {
      writer.removeCondition(about, fieldManager, type);
    }
  }

  @Override
  public void updateStatus(ObjectKey about, StatusChange change) {
    if (leads.getAsBoolean()) {
      writer.updateStatus(about, change);
    }
  }

  @Override
  public void event(ObjectKey about, EventType type, String reason, String message) {
    if (leads.getAsBoolean()) {
      writer.event(about, type, reason, message);
    }
  }

  @Override
  public void close() {
    writer.close();
  }
}
