package adit.ztunnel.flow;

import adit.telemetry.Log;
import adit.ztunnel.authorize.Gatekeeper;
import adit.ztunnel.observe.Observer;
import adit.ztunnel.resolve.MeshPorts;
import adit.ztunnel.table.ConnectionTable;
import adit.ztunnel.tunnel.TcpDialer;
import adit.ztunnel.view.LocalWorkload;
import adit.ztunnel.view.MeshBoard;

/// What the three flows of one pod share.
///
/// @param network of this node
public record Pod(
    LocalWorkload local,
    MeshBoard board,
    String network,
    MeshPorts ports,
    Gatekeeper gatekeeper,
    TcpDialer dialer,
    ConnectionTable table,
    Bystanders bystanders) {
  /// Who only looks on.
  public record Bystanders(Observer observer, RelayMeter meter, Log log) {}

  Observer observer() {
    return bystanders.observer();
  }

  RelayMeter meter() {
    return bystanders.meter();
  }

  Log log() {
    return bystanders.log();
  }
}
