package adit.waypoint.view;

import adit.model.MeshChange;
import adit.model.MeshView;
import java.util.function.UnaryOperator;

/// The snapshot as it is now. One thread, the owner, applies changes; everybody reads the last
/// whole state by one volatile read. State is kept while the control plane is away.
public final class Board {
  private volatile Snapshot now;

  public Board(L7View.Gateway gateway) {
    now = new Snapshot(MeshView.empty(), L7View.empty(gateway));
  }

  /// The last whole state.
  public Snapshot now() {
    return now;
  }

  /// Applies a change of the mesh. Owner's thread only.
  public void apply(MeshChange change) {
    if (!change.isEmpty()) {
      now = new Snapshot(now.mesh().with(change), now.l7());
    }
  }

  /// Applies a change of the L7 resources. Owner's thread only.
  public void apply(UnaryOperator<L7View> change) {
    now = new Snapshot(now.mesh(), change.apply(now.l7()));
  }
}
