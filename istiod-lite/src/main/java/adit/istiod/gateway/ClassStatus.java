package adit.istiod.gateway;

import adit.source.ConditionList;
import adit.source.StatusChange;
import adit.source.StatusWriter.Condition;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/// The status of a GatewayClass that is ours.
///
/// @param generation of the object that was looked at
record ClassStatus(long generation) implements StatusChange {
  @Override
  public void apply(ObjectNode status, Instant now) {
    ConditionList.put(
        status,
        List.of(
            new Condition("Accepted", true, "Accepted", "Handled by Istio controller", generation)),
        now);
  }
}
