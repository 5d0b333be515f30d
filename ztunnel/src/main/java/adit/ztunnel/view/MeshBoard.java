package adit.ztunnel.view;

import adit.model.MeshChange;
import adit.model.MeshView;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// The mesh as it is now. One thread, the owner, applies changes; everybody reads the last whole
/// state by one volatile read. State is kept while the control plane is away.
public final class MeshBoard {
  /// Told after each change, on the owner's thread.
  public interface Watcher {
    /// @param view the mesh after the change
    void changed(MeshView view, MeshChange change);
  }

  private final List<Watcher> watchers = new CopyOnWriteArrayList<>();
  private volatile MeshView view = MeshView.empty();

  public MeshView view() {
    return view;
  }

  /// Applies one change as a whole. Owner's thread only.
  public void apply(MeshChange change) {
    if (change.isEmpty()) {
      return;
    }
    MeshView next = view.with(change);
    view = next;
    watchers.forEach(watcher -> watcher.changed(next, change));
  }

  public void add(Watcher watcher) {
    watchers.add(watcher);
  }

  public void remove(Watcher watcher) {
    watchers.remove(watcher);
  }
}
