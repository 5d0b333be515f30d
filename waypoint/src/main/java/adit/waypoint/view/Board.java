package adit.waypoint.view;

import adit.model.MeshChange;
import adit.model.MeshView;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/// The snapshot as it is now. One thread, the owner, applies changes; everybody reads the last
/// whole state by one volatile read. State is kept while the control plane is away.
public final class Board {
  private final Bindings bindings;
  private final LongSupplier nanos;
  private volatile Snapshot now;

  /// @param bindings of this waypoint
  /// @param nanos a clock that does not go back
  public Board(L7View.Gateway gateway, Bindings bindings, LongSupplier nanos) {
    this.bindings = bindings;
    this.nanos = nanos;
    now = new Snapshot(MeshView.empty(), L7View.empty(gateway), Former.NOTHING);
  }

  /// The last whole state.
  public Snapshot now() {
    return now;
  }

  /// Applies a change of the mesh. Owner's thread only.
  public void apply(MeshChange change) {
    if (!change.isEmpty()) {
      Snapshot before = now;
      MeshView mesh = before.mesh().with(change);
      Former former =
          before.former().after(bindings, before.mesh(), change, mesh, nanos.getAsLong());
      now = new Snapshot(mesh, before.l7(), former);
    }
  }

  /// Applies a change of the L7 resources. Owner's thread only.
  public void apply(UnaryOperator<L7View> change) {
    now = new Snapshot(now.mesh(), change.apply(now.l7()), now.former());
  }
}
