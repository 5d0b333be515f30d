package adit.ztunnel.app;

import adit.identity.Certificates;
import adit.telemetry.Log;
import adit.ztunnel.authorize.Gatekeeper;
import adit.ztunnel.config.ZtunnelConfig;
import adit.ztunnel.flow.RelayMeter;
import adit.ztunnel.listener.Admission;
import adit.ztunnel.listener.Loops;
import adit.ztunnel.observe.Observer;
import adit.ztunnel.view.MeshBoard;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/// What all pods of the node share.
///
/// @param owner the thread of the board
record NodeParts(
    ZtunnelConfig config,
    Loops loops,
    Admission admission,
    MeshBoard board,
    ScheduledExecutorService owner,
    Certificates certificates,
    Decisions decisions,
    Log log) {
  /// Dice that any thread may throw.
  RandomGenerator random() {
    return () -> ThreadLocalRandom.current().nextLong();
  }

  /// Who decides and who looks on.
  record Decisions(Gatekeeper gatekeeper, Observer observer, RelayMeter meter) {}
}
