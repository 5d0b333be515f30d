package adit.ztunnel.table;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One connection of a pod while it lives: a row of `config_dump`, and the handle by which it is
/// ended from outside.
public final class Tracked implements AutoCloseable {
  /// How bytes travel, as `config_dump` prints it.
  public enum Protocol {
    HBONE,
    TCP
  }

  /// @param originalDestination what the client meant: an address, or a host name; null if not told
  public record Row(
      boolean inbound,
      InetSocketAddress source,
      @Nullable String originalDestination,
      InetSocketAddress actualDestination,
      Protocol protocol) {}

  private final ConnectionTable table;
  private final Row row;
  private final EventLoop loop;
  private final @Nullable Runnable recheck;
  // Event loop only.
  private @Nullable Consumer<End> ending;
  private @Nullable End ended;
  private boolean open = true;

  Tracked(ConnectionTable table, Row row, EventLoop loop, @Nullable Runnable recheck) {
    this.table = table;
    this.row = row;
    this.loop = loop;
    this.recheck = recheck;
  }

  public Row row() {
    return row;
  }

  /// Says how to end the connection from now on; replaces what was said before. Runs at once when
  /// it has to end already. On the connection's loop.
  public void whenEnded(Consumer<End> how) {
    ending = how;
    End why = ended;
    if (why != null) {
      how.accept(why);
    }
  }

  /// Ends the connection. Only the first call counts. On any thread.
  public void end(End why) {
    if (loop.inEventLoop()) {
      endHere(why);
    } else {
      loop.execute(() -> endHere(why));
    }
  }

  private void endHere(End why) {
    if (ended == null) {
      ended = why;
      if (ending != null) {
        ending.accept(why);
      }
    }
  }

  void recheck() {
    if (recheck != null) {
      loop.execute(recheck);
    }
  }

  /// Whether it is still in the table. On the connection's loop.
  public boolean isOpen() {
    return open;
  }

  /// The connection is over: it leaves the table. On the connection's loop.
  @Override
  public void close() {
    open = false;
    table.remove(this);
  }
}
