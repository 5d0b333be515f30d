package adit.ztunnel.table;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The connections of one pod. Thread-safe.
public final class ConnectionTable {
  private final Set<Tracked> connections = ConcurrentHashMap.newKeySet();
  private volatile @Nullable End over;

  /// Takes a connection in. It must be closed when it is over.
  ///
  /// @param recheck decides again whether it may go on, on its loop; null when nothing was decided
  public Tracked add(Tracked.Row row, EventLoop loop, @Nullable Runnable recheck) {
    var tracked = new Tracked(this, row, loop, recheck);
    connections.add(tracked);
    End why = over;
    if (why != null) {
      tracked.end(why);
    }
    return tracked;
  }

  void remove(Tracked tracked) {
    connections.remove(tracked);
  }

  public int size() {
    return connections.size();
  }

  public List<Tracked> all() {
    return List.copyOf(connections);
  }

  /// Has every connection decided again, each on its own loop.
  public void recheck() {
    connections.forEach(Tracked::recheck);
  }

  /// Ends every connection, and every one that comes later.
  public void endAll(End why) {
    over = why;
    connections.forEach(tracked -> tracked.end(why));
  }
}
