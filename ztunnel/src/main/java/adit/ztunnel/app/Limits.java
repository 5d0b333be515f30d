package adit.ztunnel.app;

import adit.linux.LinuxException;
import adit.linux.ProcessLimits;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import adit.ztunnel.config.ZtunnelConfig.Budgets;
import adit.ztunnel.listener.Admission;
import adit.ztunnel.listener.Gate;

/// The bounds of what peers can make this process hold, told in the log and by metrics.
final class Limits {
  private Limits() {}

  /// Raises the limit of descriptors as far as it may; a failure is told and lived with.
  static long raisedDescriptors(Log log) {
    try {
      return ProcessLimits.raiseOpenFiles().soft();
    } catch (LinuxException e) {
      log.warn("limit of open files not raised", "error", e);
      return descriptors(log);
    }
  }

  private static long descriptors(Log log) {
    try {
      return ProcessLimits.openFiles().soft();
    } catch (LinuxException e) {
      log.warn("limit of open files unknown", "error", e);
      return 1024;
    }
  }

  /// A connection takes up to two descriptors: its own and one to where it goes.
  static int connections(Budgets budgets, long descriptors) {
    long affordable = Math.max(8, (descriptors - budgets.spareDescriptors()) / 2);
    return (int) Math.min(budgets.connections(), affordable);
  }

  static Admission admission(Budgets budgets, Log log, Metrics metrics) {
    var teller = new Teller(log);
    var connections = new Gate("connections", connections(budgets, descriptors(log)), teller);
    var handshakes = new Gate("handshakes", budgets.handshakes(), teller);
    for (Gate gate : new Gate[] {connections, handshakes}) {
      metrics.gaugeOf(
          "adit_admission_" + gate.name() + "_used",
          "Places taken: " + gate.name(),
          Stability.UNSTABLE,
          gate::used);
      metrics.gaugeOf(
          "adit_admission_" + gate.name() + "_limit",
          "Places there are: " + gate.name(),
          Stability.UNSTABLE,
          gate::capacity);
      metrics.gaugeOf(
          "adit_admission_" + gate.name() + "_pauses",
          "How often accepting was paused for want of places: " + gate.name(),
          Stability.UNSTABLE,
          gate::closings);
    }
    return new Admission(connections, handshakes);
  }

  private record Teller(Log log) implements Gate.Listener {
    @Override
    public void closed(Gate gate) {
      log.error(
          "accepting is paused: the limit is reached",
          "what",
          gate.name(),
          "limit",
          gate.capacity());
    }

    @Override
    public void opened(Gate gate) {
      log.warn("accepting goes on", "what", gate.name(), "used", gate.used());
    }
  }
}
