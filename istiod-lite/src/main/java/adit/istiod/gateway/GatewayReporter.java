package adit.istiod.gateway;

import adit.source.ClusterView;
import adit.source.StatusChange;
import adit.source.StatusWriter;
import adit.source.StatusWriter.EventType;
import adit.source.object.GatewayClass;
import adit.source.object.ObjectKey;
import java.util.HashMap;
import java.util.Map;

/// Writes the status of gateways when it changes. Confined to the publisher's executor.
public final class GatewayReporter {
  private final GatewayStatuses statuses;
  private final StatusWriter writer;
  private ClusterView view = ClusterView.EMPTY;
  private Map<ObjectKey, GatewayStatuses.Failure> failures = Map.of();
  private Map<ObjectKey, StatusChange> written = Map.of();

  public GatewayReporter(MeshGateways gateways, StatusWriter writer) {
    this.statuses = new GatewayStatuses(gateways);
    this.writer = writer;
  }

  /// A view is in force.
  public void report(ClusterView next) {
    view = next;
    report();
  }

  /// What could not be made for gateways; all of it, each time.
  public void failed(Map<ObjectKey, GatewayStatuses.Failure> all) {
    all.forEach((key, failure) -> {
      if (!failure.equals(failures.get(key))) {
        writer.event(key, EventType.WARNING, "NotDeployed", failure.message());
      }
    });
    failures = Map.copyOf(all);
    report();
  }

  /// Writes again what is known: this replica has just become the one that writes.
  public void repeat() {
    written.forEach(writer::updateStatus);
  }

  private void report() {
    Map<ObjectKey, StatusChange> next = new HashMap<>(statuses.of(view, failures));
    for (GatewayClass one : view.gatewayClasses().values()) {
      if (one.controllerName().equals(MeshGateways.CONTROLLER)) {
        next.put(one.key(), new ClassStatus(one.meta().generation()));
      }
    }
    next.forEach((key, status) -> {
      if (!status.equals(written.get(key))) {
        writer.updateStatus(key, status);
      }
    });
    written = next;
  }
}
