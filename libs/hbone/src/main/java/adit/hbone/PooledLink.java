package adit.hbone;

import adit.hbone.wire.HeaderReader;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The client's side of one pooled [Link].
///
/// ```
/// in use <--> idle --idleRelease--> closed
/// GOAWAY, close -> retired (no new streams; the open ones go on)
/// ```
final class PooledLink<K> implements LinkOwner {
  private final HbonePool<K> pool;
  private final PoolEntry<K> entry;
  private final Link link;
  private boolean retired;
  private boolean idleTimer;
  private long idleSince;

  PooledLink(HbonePool<K> pool, PoolEntry<K> entry) {
    this.pool = pool;
    this.entry = entry;
    this.link = new Link(false, pool.settings().http2(), this);
  }

  Link link() {
    return link;
  }

  boolean hasRoom() {
    long limit = Math.min(pool.settings().maxStreams(), link.streams().peerMaxStreams());
    return !retired && link.streams().mayOpen() && link.streams().size() < limit;
  }

  /// Whether nothing is open here and still nothing may be opened.
  boolean isUseless() {
    return link.streams().size() == 0 && !hasRoom();
  }

  /// Sends a request on a stream of its own.
  void send(Opening<K> opening) {
    pool.busy(this);
    TunnelStream stream = link.streams().openOwn();
    opening.sent(stream);
    link.headers(stream, false, opening::write);
  }

  void idleWhenUnused() {
    if (link.streams().size() == 0 && !link.isClosed()) {
      idleSince = now();
      watchIdle(pool.settings().idleRelease().toNanos());
      pool.idle(this);
    }
  }

  /// One timer per connection, however often it falls idle.
  private void watchIdle(long nanos) {
    if (!idleTimer) {
      idleTimer = true;
      var _ = pool.loop().schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
    }
  }

  private void checkIdle() {
    idleTimer = false;
    if (link.isClosed() || link.streams().size() > 0) {
      return;
    }
    long left = pool.settings().idleRelease().toNanos() - (now() - idleSince);
    if (left > 0) {
      watchIdle(left);
    } else {
      release();
    }
  }

  /// Not needed any more.
  void release() {
    retire();
    link.streams().drain();
  }

  private long now() {
    return pool.loop().ticker().nanoTime();
  }

  private void retire() {
    if (!retired) {
      retired = true;
      pool.busy(this);
      entry.retire(this);
    }
  }

  @Override
  public void request(Link of, TunnelStream stream, HeaderReader.Block block) {
    throw new IllegalStateException("a client gets no requests");
  }

  @Override
  public void capacityChanged(Link of) {
    entry.serveWaiting();
  }

  @Override
  public void goingAway(Link of) {
    retire();
    if (link.streams().size() == 0) {
      link.streams().drain();
    }
  }

  @Override
  public void streamClosed(Link of) {
    if (retired) {
      if (link.streams().size() == 0) {
        link.streams().drain();
      }
      return;
    }
    entry.serveWaiting();
    idleWhenUnused();
  }

  @Override
  public void closed(Link of, @Nullable Throwable cause) {
    retire();
    pool.closed(this);
  }
}
